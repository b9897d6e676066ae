import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineSplitter } from '../../../src/speech/index.js';

function split(chunks: Buffer[], maxBytes = 1000): string[] {
  const splitter = new LineSplitter(maxBytes);
  return [
    ...chunks.flatMap((chunk) => splitter.process(chunk) ?? [Buffer.from('TOO LONG')]),
    ...splitter.flush(),
  ].map(String);
}

describe('LineSplitter', () => {
  it('ends lines at LF and CRLF, keeps blank ones, and gives a last line without an end', () => {
    expect(split([Buffer.from('a\nb\r\n\r\n\nc\rd')])).toEqual(['a', 'b', '', '', 'c\rd']);
    expect(split([Buffer.from('a\n')])).toEqual(['a']);
    expect(split([])).toEqual([]);
  });

  it('gives the same lines however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('\n', '\r\n', '\r', 'x', 'äö', '{"a":1}')),
        fc.array(fc.nat(40)),
        (pieces, cuts) => {
          const bytes = Buffer.from(pieces.join(''));
          const at = [
            0,
            ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b),
            bytes.length,
          ];
          const chunks = at.slice(1).map((end, i) => bytes.subarray(at[i], end));
          expect(split(chunks)).toEqual(split([bytes]));
        },
      ),
    );
  });

  it('refuses a line that is longer than allowed, complete or not', () => {
    const line = (length: number) => Buffer.from(`${'x'.repeat(length - 1)}\n`);
    expect(new LineSplitter(10).process(line(10))).toHaveLength(1);
    expect(new LineSplitter(10).process(line(11))).toBeUndefined();
    const splitter = new LineSplitter(10);
    expect(splitter.process(Buffer.alloc(6, 'x'))).toEqual([]);
    expect(splitter.process(Buffer.alloc(5, 'x'))).toBeUndefined();
  });
});
