// Sound for the tests of streams: the same at each run.

/** Uniform noise over all of int16, by a 32-bit linear congruential generator. */
export function noise(count: number): Int16Array<ArrayBuffer> {
  let state = 1;
  return Int16Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return state >> 16;
  });
}

export function bytesOf(samples: Int16Array | Float32Array): Buffer {
  return Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
}
