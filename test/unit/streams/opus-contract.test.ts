// The Opus streams keep the contract of all audio transforms; those that take packets keep it for packets.
import { getEventListeners, once } from 'node:events';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { OggOpusReader, writeOggOpus } from '../../../src/audio/index.js';
import {
  type AudioTransform,
  type AudioTransformOptions,
  OggOpusDemuxer,
  OggOpusMuxer,
  OpusDecoderStream,
  OpusEncoderStream,
  transcode,
} from '../../../src/streams/index.js';
import { sine, toInt16 } from '../audio/helpers.js';
import { expectBytes, outputOf, streamContract } from './contract.js';

const samples = toInt16(sine(110_000, 300, 48_000));
const pcm = Buffer.from(samples.buffer);
// 12 s at a high rate: the contract wants bytes.
const ogg = Buffer.from(
  writeOggOpus(toInt16(sine(12 * 48_000, 300, 48_000)), {
    sampleRateHz: 48_000,
    bitrate: 160_000,
    bitrateMode: 'cbr',
    complexity: 0,
    serial: 7,
  }),
);

function packetsIn(file: Uint8Array): Buffer[] {
  using reader = new OggOpusReader();
  return [...reader.process(file), ...reader.flush()].map(({ bytes }) => Buffer.from(bytes));
}
const packets = packetsIn(ogg);

const encoding = { sampleRateHz: 48_000, complexity: 0 };

streamContract('OggOpusDemuxer', {
  make: (options) => new OggOpusDemuxer(options),
  input: ogg,
  expected: Buffer.concat(packets),
  empty: 'ERR_OGG_NOT_OGG',
});

streamContract('OpusEncoderStream', {
  make: (options) => new OpusEncoderStream({ ...options, ...encoding }),
  input: pcm,
  expected: Buffer.concat(await Readable.from([pcm]).pipe(new OpusEncoderStream(encoding)).toArray()),
});

packetContract('OggOpusMuxer', (options) => new OggOpusMuxer({ ...options, channels: 1, serial: 7 }));
packetContract('OpusDecoderStream', (options) => new OpusDecoderStream(options));
packetContract('transcode from packets', (options) =>
  transcode({ ...options, from: { container: 'packets' }, to: { encoding: 'alaw', sampleRateHz: 8000 } }),
);

/** As `streamContract`, whose cuts packets would not bear. */
function packetContract(name: string, make: (options: AudioTransformOptions) => AudioTransform): void {
  function made(options: AudioTransformOptions = {}) {
    const transform = make(options);
    const released = vi.spyOn(transform as unknown as { release(): void }, 'release');
    const outcome: { error?: unknown } = {};
    transform.on('error', (error) => {
      outcome.error = error;
    });
    return { transform, released, outcome };
  }
  const closed = async (transform: AudioTransform) => {
    if (!transform.closed) await once(transform, 'close').catch(() => {});
    await turn();
  };
  const states: Record<string, (transform: AudioTransform) => unknown> = {
    'nothing was written': () => {},
    'a packet was written': (transform) => transform.write(packets[0]),
    'input ended and nobody reads': (transform) => transform.end(packets[0]),
    'a write waits for the reader': (transform) => {
      for (const packet of packets) transform.write(packet);
    },
    'output flows': async (transform) => {
      transform.resume();
      for (const packet of packets.slice(0, 100)) transform.write(packet);
      await turn();
    },
  };

  describe(`${name} keeps the contract`, () => {
    it('asks its source to pause when nobody reads, and loses nothing', async () => {
      const expected = await outputOf(make({}), packets);
      const { transform, released } = made({ highWaterMarkMs: 20 });
      let written = 0;
      while (written < packets.length && transform.write(packets[written++])) await turn();
      expect(written).toBeLessThan(packets.length);
      const rest = async () => {
        for (const packet of packets.slice(written)) {
          if (transform.writableNeedDrain) await once(transform, 'drain');
          transform.write(packet);
        }
        transform.end();
        transform.end();
      };
      const [parts] = await Promise.all([transform.toArray(), rest()]);
      expectBytes(Buffer.concat(parts), expected);
      expect(released).toHaveBeenCalledTimes(1);
    });

    it.each(Object.entries(states))(
      'releases once and gives nothing more when destroyed while %s',
      async (_, reach) => {
        const { transform, released, outcome } = made({ highWaterMarkMs: 20 });
        await reach(transform);
        let late = 0;
        transform.on('data', () => late++);
        const error = new Error('enough');
        transform.destroy(error);
        transform.write(packets[0]);
        await closed(transform);
        expect([late, released.mock.calls.length, outcome.error]).toEqual([0, 1, error]);
      },
    );

    it.each(Object.entries(states))(
      "ends with the signal's own reason when aborted while %s",
      async (_, reach) => {
        const abort = new AbortController();
        const { transform, released, outcome } = made({ signal: abort.signal, highWaterMarkMs: 20 });
        await reach(transform);
        const reason = { why: 'the caller hung up' };
        abort.abort(reason);
        await closed(transform);
        expect(outcome.error).toBe(reason);
        expect(released).toHaveBeenCalledTimes(1);
        expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
      },
    );

    it("ends with its source's error", async () => {
      const { transform, released } = made();
      const failure = new Error('the line is dead');
      const broken = new Readable({ objectMode: true, read: () => broken.destroy(failure) });
      await expect(pipeline(broken, transform, new Writable())).rejects.toBe(failure);
      expect(released).toHaveBeenCalledTimes(1);
    });

    it.each([['OggS'], [7], [{ bytes: 1 }], [new Int16Array(2)], [undefined]])(
      'refuses %j with a TypeError',
      async (wrong) => {
        const { transform, outcome } = made();
        transform.write(wrong);
        await closed(transform);
        expect(outcome.error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG' });
      },
    );

    it('refuses to be joined to a stream of bytes of ours', async () => {
      const source = new OggOpusMuxer({ channels: 1 });
      const joined = pipeline(Readable.from(packets), source, make({}), new Writable());
      await expect(joined).rejects.toMatchObject({
        code: 'ERR_FORMAT_MISMATCH',
        message: expect.stringContaining('put OggOpusDemuxer between them'),
      });
    });
  });
}
