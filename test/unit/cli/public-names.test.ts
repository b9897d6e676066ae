import { describe, expect, expectTypeOf, it } from 'vitest';
import * as errors from '../../../src/errors.js';
import type { ByteSource, GradiumStt } from '../../../src/gradium/index.js';
import * as sluice from '../../../src/index.js';

describe('src/index.ts', () => {
  it('src/index.ts publishes every error class and list of codes, and none of their makers', () => {
    const names = Object.keys(errors).filter((name) => name in sluice);
    const isPublic = (name: string) => (/Error$/.test(name) ? /^[A-Z]/.test(name) : /_CODES$/.test(name));
    expect(names.sort()).toEqual(Object.keys(errors).filter(isPublic).sort());
    expect(names).toContain('SpeechApiError');
    expect(names).toContain('ARGUMENT_ERROR_CODES');
  });

  it('src/gradium/index.ts names the type of what transcribe takes', () => {
    expectTypeOf<Parameters<GradiumStt['transcribe']>[0]>().toEqualTypeOf<ByteSource>();
  });
});
