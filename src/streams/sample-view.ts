/** Bytes of a stream seen as samples. Not here: other encodings than JavaScript's own two (transcoder-transform.ts). */
import type { SampleArray, SampleType } from '../audio/index.js';
import type { SampleEncoding } from '../format.js';

/** The encoding of each kind of samples, on the processors that this package runs on: all of them little-endian. */
export const ENCODING_OF = { int16: 's16le', float32: 'f32le' } as const satisfies Record<
  SampleType,
  SampleEncoding
>;
/** The kind of samples that has this encoding. */
export const SAMPLE_OF = { s16le: 'int16', f32le: 'float32' } as const;

/** The same memory, or a copy where it is not aligned. Whole samples. */
export function samplesOf(bytes: Uint8Array, sample: SampleType): SampleArray<SampleType> {
  const size = sample === 'float32' ? 4 : 2;
  const { buffer, byteOffset, length } = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
  return sample === 'float32'
    ? new Float32Array(buffer, byteOffset, length / size)
    : new Int16Array(buffer, byteOffset, length / size);
}
