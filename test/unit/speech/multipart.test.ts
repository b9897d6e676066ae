import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_FILE_NAME_BYTES, multipartForm, readerOf } from '../../../src/speech/index.js';

type Fields = [string, string][];

const form = (content: Uint8Array, fields: Fields = [], fileName = 'a.wav') =>
  multipartForm(fields, { name: 'file', fileName, bytes: content.length, reader: readerOf(content) });

async function bodyOf({ reader }: ReturnType<typeof form>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (let part = await reader.next(); part !== undefined; part = await reader.next()) {
    parts.push(Buffer.from(part));
  }
  return Buffer.concat(parts);
}

/** Node's own reader of forms, who has never heard of ours. */
async function parsed(made: ReturnType<typeof form>): Promise<FormData> {
  const body = await bodyOf(made);
  expect(made.bytes).toBe(body.length);
  return new Response(body, { headers: { 'content-type': made.contentType } }).formData();
}

async function* pieces(...parts: string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Buffer.from(part);
}

describe('multipartForm', () => {
  it('writes the bytes of RFC 7578', async () => {
    const made = form(Buffer.from('RIFF'), [['name', 'Ämma\nx']]);
    const boundary = made.contentType.replace('multipart/form-data; boundary=', '');
    expect(boundary).toMatch(/^sluice-[0-9a-f]{48}$/);
    expect((await bodyOf(made)).toString()).toBe(
      [
        `--${boundary}`,
        'Content-Disposition: form-data; name="name"',
        '',
        'Ämma\nx',
        `--${boundary}`,
        'Content-Disposition: form-data; name="file"; filename="a.wav"',
        'Content-Type: application/octet-stream',
        '',
        'RIFF',
        `--${boundary}--`,
        '',
      ].join('\r\n'),
    );
  });

  it('is read back by an independent parser, whatever is in it', async () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 40 });
    const name = text.map((chars) => `n${chars.replaceAll(/["\r\n%]/g, '')}`);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 5 }),
        fc.array(
          fc.tuple(
            name,
            text.filter((value) => !value.includes('\r')),
          ),
          { maxLength: 4 },
        ),
        async (chunks, fields) => {
          const content = Buffer.concat(chunks);
          const reader = readerOf(Readable.from(chunks));
          const file = { name: 'file', fileName: 'a.wav', bytes: content.length, reader };
          const read = await parsed(multipartForm(fields, file));
          const sent = await (read.get('file') as File).arrayBuffer();
          expect(Buffer.from(sent)).toEqual(content);
          const others = [...read].filter(([key]) => key !== 'file');
          expect(others).toEqual(fields);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('writes quotes and line ends of a name as browsers do, so that no header is added', async () => {
    const made = form(Buffer.from('x'), [], 'a"\r\nX-Evil: 1\r\n.wav');
    const body = (await bodyOf(made)).toString();
    expect(body).toContain('filename="a%22%0D%0AX-Evil: 1%0D%0A.wav"');
  });

  it('takes a name of 1 024 bytes, and none longer', () => {
    expect(MAX_FILE_NAME_BYTES).toBe(1024);
    expect(() => form(Buffer.from('x'), [], 'é'.repeat(512))).not.toThrow();
    const long = () => form(Buffer.from('x'), [], `${'é'.repeat(512)}w`);
    expect(long).toThrow(expect.objectContaining({ name: 'RangeError', code: 'ERR_INVALID_ARG' }));
    expect(long).toThrow(/up to 1024 bytes in UTF-8, got 1025/);
  });

  it('does not say a length that nobody knows', async () => {
    const reader = readerOf(pieces('ab', 'c'));
    const made = multipartForm([], { name: 'file', fileName: 'a', bytes: undefined, reader });
    expect(made.bytes).toBeUndefined();
    expect((await bodyOf(made)).toString()).toContain('\r\n\r\nabc\r\n--');
  });

  it('keeps to the length it said: of a file that grew the first bytes, of one that shrank an error', async () => {
    const sized = (bytes: number) =>
      multipartForm([], { name: 'file', fileName: 'a', bytes, reader: readerOf(pieces('abc', 'def')) });
    expect((await bodyOf(sized(4))).toString()).toContain('\r\n\r\nabcd\r\n--');
    expect((await bodyOf(sized(4))).length).toBe(sized(4).bytes);
    await expect(bodyOf(sized(7))).rejects.toMatchObject({
      name: 'RangeError',
      code: 'ERR_INVALID_LENGTH',
      message: expect.stringContaining('6 of 7 bytes'),
    });
  });

  it('passes on what the source throws, untouched', async () => {
    const reason = new Error('the disk is gone');
    const broken = (async function* () {
      yield Buffer.from('a');
      throw reason;
    })();
    const made = multipartForm([], { name: 'f', fileName: 'a', bytes: undefined, reader: readerOf(broken) });
    await expect(bodyOf(made)).rejects.toBe(reason);
  });
});
