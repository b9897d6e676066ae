// Our Opus streams and prism-media's, piped into each other both ways; its FFmpeg where ffmpeg is installed.
// prism-media's encoder and decoder want a native codec that is not built here (package.json: ignore-scripts), so they get ours
// beneath: what is tried is how streams take each other's chunks.
import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import prism from 'prism-media';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OpusDecoder, OpusEncoder, readOggOpus, writeOggOpus } from '../../../src/audio/index.js';
import {
  OggOpusDemuxer,
  OggOpusMuxer,
  OpusDecoderStream,
  OpusEncoderStream,
} from '../../../src/streams/index.js';
import { sine, toInt16 } from '../audio/helpers.js';
import { withTools } from '../audio/ogg-tools.js';

const require = createRequire(import.meta.url);
const codecPath = require.resolve('@discordjs/opus');

/** As @discordjs/opus looks to prism-media. */
class Codec {
  readonly #encoder: OpusEncoder;
  readonly #decoder: OpusDecoder;
  constructor(sampleRateHz: number, channels: 1 | 2) {
    this.#encoder = new OpusEncoder({ sampleRateHz, channels, complexity: 0 });
    this.#decoder = new OpusDecoder({ sampleRateHz, channels });
  }
  encode(pcm: Buffer): Buffer {
    expect(Buffer.isBuffer(pcm)).toBe(true);
    return Buffer.from(this.#encoder.encode(new Int16Array(Uint8Array.from(pcm).buffer)));
  }
  decode(packet: Buffer): Buffer {
    return bytesOf(this.#decoder.decode(packet));
  }
}

const bytesOf = (samples: Int16Array): Buffer =>
  Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
/** As Discord has it. */
const FORMAT = { channels: 2, rate: 48_000, frameSize: 960 } as const;
const OURS = { channels: 2, sampleRateHz: 48_000 } as const;
const PACKETS = 50;
const pcm = bytesOf(toInt16(sine(PACKETS * 960, 300, 48_000, 2)));
const sound = () => Readable.from([pcm.subarray(0, 5001), pcm.subarray(5001)]);

beforeAll(() => {
  const module = { id: codecPath, filename: codecPath, loaded: true, exports: { OpusEncoder: Codec } };
  require.cache[codecPath] = module as unknown as NodeJS.Module;
});
afterAll(() => {
  delete require.cache[codecPath];
});

describe('prism-media', () => {
  it('opus.Decoder takes packets of OpusEncoderStream', async () => {
    const packets = await sound()
      .pipe(new OpusEncoderStream({ ...OURS, complexity: 0 }))
      .toArray();
    const theirs = await buffer(Readable.from(packets).pipe(new prism.opus.Decoder(FORMAT)));
    const ours = await buffer(Readable.from(packets).pipe(new OpusDecoderStream(OURS)));
    // Theirs has the lookahead before the sound, and the rest of the last packet behind it.
    expect(theirs.length).toBe((PACKETS + 1) * 960 * 4);
    expect(theirs.subarray(312 * 4, 312 * 4 + ours.length).equals(ours)).toBe(true);
    expect(ours.length).toBe(pcm.length);
  });

  it('opus.Encoder gives packets to OpusDecoderStream and OggOpusMuxer', async () => {
    const packets = await sound().pipe(new prism.opus.Encoder(FORMAT)).toArray();
    expect(packets.length).toBe(PACKETS);
    const decoded = await buffer(Readable.from(packets).pipe(new OpusDecoderStream(OURS)));
    expect(decoded.length).toBe(pcm.length);
    const ogg = await buffer(
      sound()
        .pipe(new prism.opus.Encoder(FORMAT))
        .pipe(new OggOpusMuxer({ channels: 2 })),
    );
    const { frames, warnings, samples } = readOggOpus(ogg);
    expect({ frames, warnings }).toEqual({ frames: PACKETS * 960 - 312, warnings: [] });
    expect(bytesOf(samples).equals(decoded.subarray(312 * 4))).toBe(true);
  });

  it('opus.OggDemuxer reads what OggOpusMuxer writes, and OpusDecoderStream takes its packets', async () => {
    const demuxer = new prism.opus.OggDemuxer();
    const heads: Buffer[] = [];
    demuxer.on('head', (head: Buffer) => heads.push(head));
    const decoder = new OpusDecoderStream(OURS);
    const encoder = new OpusEncoderStream({ ...OURS, complexity: 0 });
    const decoded = buffer(decoder);
    await pipeline(sound(), encoder, new OggOpusMuxer({ channels: 2, pageMs: 80 }), demuxer, decoder);
    expect((await decoded).length).toBe((PACKETS + 1) * 960 * 4);
    expect(heads[0]?.readUInt16LE(10)).toBe(312); // RFC 7845, 5.1: pre-skip
  });

  it('opus.Decoder takes packets of OggOpusDemuxer', async () => {
    const ogg = writeOggOpus(toInt16(sine(9600, 300, 48_000, 2)), { sampleRateHz: 48_000, channels: 2 });
    const demuxer = Readable.from([ogg]).pipe(new OggOpusDemuxer());
    const theirs = await buffer(demuxer.pipe(new prism.opus.Decoder(FORMAT)));
    expect(theirs.subarray(312 * 4, 312 * 4 + 9600 * 4).equals(bytesOf(readOggOpus(ogg).samples))).toBe(true);
  });
});

withTools('prism-media FFmpeg', ['ffmpeg'], () => {
  const raw = ['-f', 's16le', '-ar', '48000', '-ac', '2'];

  it('reads what OggOpusMuxer writes, to the sample', async () => {
    const encoder = new OpusEncoderStream({ ...OURS, application: 'audio', bitrate: 128_000 });
    const ogg = await buffer(
      sound()
        .pipe(encoder)
        .pipe(new OggOpusMuxer({ channels: 2 })),
    );
    const decoded = await throughFfmpeg(ogg, ['-loglevel', '0', ...raw]);
    expect(decoded.length).toBe(pcm.length);
  });

  it('writes Ogg Opus that OggOpusDemuxer reads, to the sample', async () => {
    const ogg = await throughFfmpeg(pcm, [
      '-loglevel',
      '0',
      ...raw,
      '-i',
      '-',
      '-c:a',
      'libopus',
      '-f',
      'ogg',
    ]);
    const decoder = new OpusDecoderStream(OURS);
    const decoded = await buffer(Readable.from([ogg]).pipe(new OggOpusDemuxer()).pipe(decoder));
    expect(decoded.length).toBe(pcm.length);
    expect(decoded.equals(bytesOf(readOggOpus(ogg).samples))).toBe(true);
  });
});

/** prism-media's own stream copies methods from the program's pipes, so it is fed and read by events. */
function throughFfmpeg(input: Buffer, args: string[]): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    const ffmpeg = new prism.FFmpeg({ args });
    ffmpeg.on('data', (part: Buffer) => parts.push(part));
    ffmpeg.on('end', () => resolve(Buffer.concat(parts)));
    ffmpeg.on('error', reject);
    Readable.from([input]).pipe(ffmpeg);
  });
}
