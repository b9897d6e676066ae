/**
 * Raw samples of one kind to raw samples of another, by one native call a chunk: SampleConverter, the G.711 streams and
 * ResampleStream. Not here: their options; the call (transcode-stages.ts).
 */
import type { ResamplerQuality } from '../audio/index.js';
import type { AudioTransformOptions } from './audio-transform.js';
import { StageStream } from './stage-stream.js';
import type { RawStreamFormat } from './stream-format.js';
import { sliceBytesOf, TranscodeStage } from './transcode-stages.js';

/** Where no rate is known none changes, and any does for both sides. */
const ANY_RATE_HZ = 8_000;

/** Between two formats that are known from the start. */
export abstract class TranscoderTransform extends StageStream {
  /** @internal */
  constructor(
    options: AudioTransformOptions,
    input: RawStreamFormat,
    output: RawStreamFormat,
    quality?: ResamplerQuality,
  ) {
    const [from, to] = [rated(input), rated(output)];
    const stage = new TranscodeStage({ from, to, ...(quality !== undefined && { quality }) });
    try {
      super(options, { input, output, sliceBytes: sliceBytesOf(from, to) }, stage);
    } catch (error) {
      stage.release();
      throw error;
    }
  }
}

function rated(format: RawStreamFormat) {
  return { ...format, sampleRateHz: format.sampleRateHz ?? ANY_RATE_HZ };
}
