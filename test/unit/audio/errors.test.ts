/** The lists of error codes agree: the core's (native/core/error.h, through the addon), src/errors.ts, docs/errors.md. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ARGUMENT_ERROR_CODES, FORMAT_ERROR_CODES, UNSUPPORTED_ERROR_CODES } from '../../../src/errors.js';
import { native } from '../../../src/native/index.js';
import { root } from './helpers.js';

const ofClass = (name: string) =>
  Object.entries(native.errorCodes)
    .filter(([, errorClass]) => errorClass === name)
    .map(([code]) => code)
    .sort();

test('the core and src/errors.ts list the same codes', () => {
  expect(ofClass('FormatError')).toEqual([...FORMAT_ERROR_CODES].sort());
  expect(ofClass('UnsupportedError')).toEqual([...UNSUPPORTED_ERROR_CODES].sort());
  expect(ARGUMENT_ERROR_CODES).toEqual(expect.arrayContaining(ofClass('RangeError')));
});

test('docs/errors.md has a row for every code, and for no other', () => {
  const inSource = readFileSync(join(root, 'src/errors.ts'), 'utf8').match(/'ERR_\w+'/g) ?? [];
  const inDocs = readFileSync(join(root, 'docs/errors.md'), 'utf8').match(/^\| `ERR_\w+`/gm) ?? [];
  const codes = inDocs.map((row) => row.slice(3, -1));
  expect(codes.length).toBe(new Set(codes).size);
  expect(codes.sort()).toEqual([...new Set(inSource.map((quoted) => quoted.slice(1, -1)))].sort());
});
