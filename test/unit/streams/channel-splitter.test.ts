import { getEventListeners, once } from 'node:events';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChannelSplitter, type RawStreamFormat } from '../../../src/index.js';
import { cutAt, expectBytes } from './contract.js';
import { bytesOf, noise } from './sound.js';

const format = { encoding: 's24le', sampleRateHz: 8000, channels: 3 } as const;
const bytes = bytesOf(noise(9 * 10_000));

/** One channel, the slow and plain way. */
function channelOf(whole: Buffer, index: number): Buffer {
  const frames = Array.from({ length: whole.length / 9 }, (_, i) => whole.subarray(9 * i, 9 * i + 9));
  return Buffer.concat(frames.map((frame) => frame.subarray(3 * index, 3 * index + 3)));
}

async function split(splitter: ChannelSplitter, chunks: Iterable<Uint8Array>): Promise<Buffer[]> {
  const [, ...channels] = await Promise.all([
    pipeline(Readable.from(chunks), splitter),
    ...splitter.channels.map(async (channel) => Buffer.concat(await channel.toArray())),
  ]);
  return channels;
}

const closed = async (stream: Readable | Writable) => {
  if (!stream.closed) await new Promise((resolve) => stream.once('close', resolve));
};

describe('ChannelSplitter', () => {
  it('gives each channel its samples, wherever the input is cut', async () => {
    const expected = [0, 1, 2].map((index) => channelOf(bytes, index));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length - 1), { maxLength: 9 }), async (cuts) => {
        const got = await split(new ChannelSplitter({ format }), cutAt(bytes, cuts));
        got.forEach((channel, i) => {
          expectBytes(channel, expected[i] as Buffer);
        });
      }),
      { numRuns: 10 },
    );
  });

  it('tells the format of its channels to what they are joined to', () => {
    const { channels } = new ChannelSplitter({ format });
    const formats = channels.map(
      (channel) => (channel as unknown as { outputFormat: RawStreamFormat }).outputFormat,
    );
    expect(formats).toEqual(new Array(3).fill({ ...format, channels: 1 }));
  });

  it('waits for the slowest reader, and holds little meanwhile', async () => {
    const splitter = new ChannelSplitter({ format, highWaterMarkMs: 20 });
    const [first, second, third] = splitter.channels as [Readable, Readable, Readable];
    first.resume();
    second.resume();
    splitter.end(bytes);
    await turn();
    // One slice of 64 kB, a third of it.
    expect(third.readableLength).toBeLessThanOrEqual(22_000);
    expect(third.readableLength).toBeGreaterThan(0);
    expectBytes(Buffer.concat(await third.toArray()), channelOf(bytes, 2));
  });

  it('drops the samples of a channel that was destroyed, and ends when all are', async () => {
    const splitter = new ChannelSplitter({ format });
    const [first, second, third] = splitter.channels as [Readable, Readable, Readable];
    first.destroy();
    second.destroy(new Error('nobody wants it'));
    const [, got] = await Promise.all([pipeline(Readable.from([bytes]), splitter), third.toArray()]);
    expectBytes(Buffer.concat(got), channelOf(bytes, 2));

    const unwanted = new ChannelSplitter({ format, highWaterMarkMs: 20 });
    const source = pipeline(Readable.from([bytes, bytes]), unwanted);
    for (const channel of unwanted.channels) channel.destroy();
    await expect(source).rejects.toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' });
  });

  it('destroys its channels with its own error, and with the reason of a signal', async () => {
    const abort = new AbortController();
    const splitter = new ChannelSplitter({ format, signal: abort.signal });
    const [first, second] = splitter.channels as [Readable, Readable];
    splitter.write(bytes);
    const failure = once(splitter, 'error');
    const read = first.toArray();
    const reason = new Error('hung up');
    abort.abort(reason);
    expect(await failure).toEqual([reason]);
    await expect(read).rejects.toBe(reason);
    await closed(second);
    expect(second.errored).toBe(reason);
    expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
  });

  it('splits nothing when its signal was aborted before', async () => {
    const reason = new Error('too late');
    const splitter = new ChannelSplitter({ format, signal: AbortSignal.abort(reason) });
    const failure = once(splitter, 'error');
    let chunks = 0;
    for (const channel of splitter.channels) channel.on('data', () => chunks++);
    splitter.write(bytes);
    expect(await failure).toEqual([reason]);
    expect(splitter.channels.map(({ errored }) => errored)).toEqual([reason, reason, reason]);
    expect(chunks).toBe(0);
  });

  it('leaves what was not read to its readers when it has ended', async () => {
    const splitter = new ChannelSplitter({ format });
    splitter.end(bytes.subarray(0, 900));
    await closed(splitter);
    const parts = await Promise.all(splitter.channels.map((channel) => channel.toArray()));
    expect(parts.map((part) => Buffer.concat(part).length)).toEqual([300, 300, 300]);
  });

  it('destroys by a signal what its readers have not had when it has ended', async () => {
    const abort = new AbortController();
    const splitter = new ChannelSplitter({ format, signal: abort.signal });
    splitter.end(bytes.subarray(0, 900));
    await closed(splitter);
    const [first, ...others] = splitter.channels as [Readable, ...Readable[]];
    await first.toArray();
    const reason = new Error('hung up');
    abort.abort(reason);
    expect(others.map(({ errored }) => errored)).toEqual([reason, reason]);
    expect(first.errored).toBeNull();
    expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
  });

  it("ends with the error of who listens to a channel, also within another's read", async () => {
    const splitter = new ChannelSplitter({ format, highWaterMarkMs: 20 });
    const [first, second, third] = splitter.channels as [Readable, Readable, Readable];
    const bug = new Error('a mistake in a listener');
    let chunks = 0;
    first.on('data', () => {
      if (++chunks === 2) throw bug;
    });
    second.resume();
    const failure = once(splitter, 'error');
    splitter.write(bytes);
    await turn();
    expect(chunks).toBe(1);
    third.resume(); // its reader was waited for: the work goes on within its read
    expect(await failure).toEqual([bug]);
  });

  it('refuses what is no bytes, a WAV, and part of a frame', async () => {
    const refusals: [unknown, string][] = [
      ['text', 'ERR_INVALID_ARG'],
      [{ samples: 1 }, 'ERR_INVALID_ARG'],
      [Buffer.from('RIFF....WAVE'), 'ERR_FORMAT_MISMATCH'],
      [Buffer.alloc(10), 'ERR_INVALID_LENGTH'],
    ];
    for (const [chunk, code] of refusals) {
      const splitter = new ChannelSplitter({ format });
      await expect(pipeline(Readable.from([chunk]), splitter)).rejects.toMatchObject({ code });
      expect(splitter.channels.every(({ destroyed }) => destroyed)).toBe(true);
    }
  });

  it('ends its channels after no input, and is disposed of', async () => {
    const got = await split(new ChannelSplitter({ format }), []);
    expect(got.map(({ length }) => length)).toEqual([0, 0, 0]);
    const splitter = new ChannelSplitter({ format });
    await splitter[Symbol.asyncDispose]();
    expect([splitter.closed, ...splitter.channels.map(({ destroyed }) => destroyed)]).toEqual([
      true,
      true,
      true,
      true,
    ]);
  });
});
