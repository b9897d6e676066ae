import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MultipartError, MultipartParser } from '../../../src/sandbox/multipart.js';

const TYPE = 'multipart/form-data; boundary=b';

interface Part {
  name: string;
  filename: string | undefined;
  content: string;
}

/** Latin-1, so that any byte is a character. */
function parse(pieces: readonly Uint8Array[], type = TYPE): Part[] {
  const parts: Part[] = [];
  const parser = new MultipartParser(type, (head) => {
    const part = { ...head, content: '' };
    parts.push(part);
    return (bytes) => {
      part.content += Buffer.from(bytes).toString('latin1');
    };
  });
  for (const piece of pieces) parser.push(piece);
  parser.finish();
  return parts;
}

const parseText = (text: string, type?: string): Part[] => parse([Buffer.from(text)], type);

function cut(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [0, ...cuts.map((at) => at % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((to, i) => bytes.subarray(places[i], to));
}

const part = (header: string, content: string): string => `--b\r\n${header}\r\n\r\n${content}\r\n`;
const NAME = 'Content-Disposition: form-data; name="a"';

describe('MultipartParser', () => {
  it('gives each part with its name, file name and content', () => {
    const text = `${part(NAME, 'one')}${part(`X: y\r\nContent-disposition:form-data;name=f ; filename="x y.wav"\r\nContent-Type: audio/wav`, '\r\n--')}--b--`;
    expect(parseText(text)).toEqual([
      { name: 'a', filename: undefined, content: 'one' },
      { name: 'f', filename: 'x y.wav', content: '\r\n--' },
    ]);
  });

  it('reads what FormData writes, names with quotes and line breaks too', async () => {
    const form = new FormData();
    form.set('na"me\n', 'value \u00e9');
    form.set('file', new Blob(['\r\n--\r\n']), 'a"b\\ü.wav');
    const request = new Request('http://x', { method: 'POST', body: form });
    const body = Buffer.from(await request.arrayBuffer());
    expect(parse([body], String(request.headers.get('content-type')))).toEqual([
      { name: 'na"me\r\n', filename: undefined, content: Buffer.from('value \u00e9').toString('latin1') },
      { name: 'file', filename: 'a"b\\ü.wav', content: '\r\n--\r\n' },
    ]);
  });

  it('reads a quoted boundary, filename*, a preamble, an epilogue, padding, and a part of nothing', () => {
    const header = `Content-Disposition: form-data; name="a"; filename="?"; filename*=utf-8''%C3%BC.wav`;
    const text = `preamble\r\n--b c \t\r\n${header}\r\n\r\n\r\n--b c--\r\nepilogue --b c`;
    expect(parseText(text, 'multipart/form-data; charset=x; boundary="b c"')).toEqual([
      { name: 'a', filename: 'ü.wav', content: '' },
    ]);
  });

  it('gives the same however the bytes are cut', () => {
    const nearBoundary = fc.string({
      unit: fc.constantFrom('\r', '\n', '-', 'b', 'x', '\r\n--', '\r\n--b'),
      maxLength: 12,
    });
    const content = nearBoundary.filter((text) => !text.includes('\r\n--b'));
    const form = fc.record({
      preamble: fc.constantFrom('', 'x\r\n', '\r\n'),
      contents: fc.array(content, { maxLength: 4 }),
    });
    fc.assert(
      fc.property(form, fc.array(fc.nat(), { maxLength: 30 }), ({ preamble, contents }, cuts) => {
        const bytes = Buffer.from(`${preamble}${contents.map((text) => part(NAME, text)).join('')}--b--\r\n`);
        const parts = parse(cut(bytes, cuts));
        expect(parts.map((one) => one.content)).toEqual(contents);
        expect(parse([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(parts);
      }),
    );
  });

  it('takes any bytes, and ends in parts or a MultipartError, the same however they are cut', () => {
    const outcome = (pieces: readonly Uint8Array[]): unknown => {
      try {
        return parse(pieces);
      } catch (error) {
        expect(error).toBeInstanceOf(MultipartError);
        return 'malformed';
      }
    };
    const token = fc.constantFrom('--b', '\r\n', '--', NAME, 'x', '\r', ' ', ';', '"');
    fc.assert(
      fc.property(
        fc.array(token, { maxLength: 20 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        (tokens, cuts) => {
          const bytes = Buffer.from(tokens.join(''));
          expect(outcome(cut(bytes, cuts))).toEqual(outcome([bytes]));
        },
      ),
    );
  });

  it.each([
    ['no boundary', 'multipart/form-data', ''],
    ['a boundary of 71 characters', `multipart/form-data; boundary=${'b'.repeat(71)}`, ''],
    ['an empty body', TYPE, ''],
    ['a body that ends in a part', TYPE, part(NAME, 'x')],
    ['a body that ends in a header', TYPE, `--b\r\n${NAME}`],
    ['a boundary that goes on', TYPE, `--bc\r\n${NAME}\r\n\r\nx\r\n--b--`],
    ['a part without a header', TYPE, '--b\r\n\r\nx\r\n--b--'],
    ['a part without a name', TYPE, `${part('Content-Disposition: form-data', 'x')}--b--`],
    ['a part that is of no form', TYPE, `${part('Content-Disposition: attachment; name="a"', 'x')}--b--`],
    ['a header of 9 KiB', TYPE, `${part(`${NAME}\r\nX: ${'x'.repeat(9216)}`, 'x')}--b--`],
    ['a header without end', TYPE, `--b\r\n${'x'.repeat(9216)}`],
    ['a boundary line without end', TYPE, `--b${' '.repeat(9216)}`],
    ['101 parts', TYPE, `${part(NAME, 'x').repeat(101)}--b--`],
  ])('refuses %s', (_, type, text) => {
    expect(() => parseText(text, type)).toThrow(MultipartError);
  });

  it('takes a header of 8 KiB and not a byte more, however it is cut', () => {
    const bytes = (length: number): Buffer =>
      Buffer.from(`${part(`${NAME}\r\nX: `.padEnd(length - 2, 'x'), 'content')}--b--`);
    const places = Array.from({ length: 12 }, (_, i) => 8_190 + i);
    for (const cuts of [[], ...places.map((at) => [at])]) {
      expect(parse(cut(bytes(8_192), cuts))).toHaveLength(1);
      expect(() => parse(cut(bytes(8_193), cuts))).toThrow(MultipartError);
    }
  });

  it('keeps nothing of a part, however long it is', () => {
    let longest = 0;
    let bytes = 0;
    const parser = new MultipartParser(TYPE, () => (piece) => {
      longest = Math.max(longest, piece.length);
      bytes += piece.length;
    });
    parser.push(Buffer.from(`--b\r\n${NAME}\r\n\r\n`));
    const piece = Buffer.alloc(65_536, '\r\n--');
    for (let i = 0; i < 320; i++) parser.push(piece);
    parser.push(Buffer.from('\r\n--b--'));
    parser.finish();
    expect(bytes).toBe(320 * 65_536);
    expect(longest).toBeLessThan(65_536 + 8);
  });
});
