// What every audio transform must do, whatever it does with the audio: Node's contract for streams, and ours.
// Not here: the audio itself; each stream's own test has that.
import { getEventListeners, once } from 'node:events';
import nodeStream, { Duplex, Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { AudioTransform, AudioTransformOptions } from '../../../src/index.js';

/** One kind of stream, and what it is to do. */
export interface StreamCase {
  /** A new stream. It must pass its options on. */
  make(options: AudioTransformOptions): AudioTransform;
  /** Bytes that it takes: more than 200 kB, so that they are worked on in slices. */
  input: Uint8Array;
  /** What comes of them. */
  expected: Uint8Array;
  /** What comes of no input: bytes, or the code of an error. Default: no bytes. */
  empty?: Uint8Array | string;
  /** The most bytes that one slice of input (64 kB) becomes. Default: 65 536 times expected / input, twice. */
  sliceOutput?: number;
}

/** Node has it from 16.9 on; its types for 20 have not. */
const { compose } = nodeStream as unknown as { compose(...streams: Duplex[]): Duplex };

/** Some 20 ms of speech; whole frames of 2, 3, 4, 6, 8 or 9 bytes. */
const CHUNK = 720;

export function cutAt(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const at = [0, ...cuts.map((cut) => cut % bytes.length), bytes.length].sort((a, b) => a - b);
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end));
}

function evenly(bytes: Uint8Array, size: number): Uint8Array[] {
  const count = Math.ceil(bytes.length / size);
  return Array.from({ length: count }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
}

/** All that comes out of a stream into which `chunks` are written one after the other. */
export async function outputOf(stream: Duplex, chunks: Iterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  await pipeline(Readable.from(chunks), stream, async (source) => {
    for await (const part of source) parts.push(part as Uint8Array);
  });
  return Buffer.concat(parts);
}

/** Equal bytes, without a listing of a megabyte of them where they differ. */
export function expectBytes(got: Uint8Array, wanted: Uint8Array): void {
  expect(got.length).toBe(wanted.length);
  const differs = Buffer.compare(got, wanted) === 0 ? -1 : got.findIndex((byte, i) => byte !== wanted[i]);
  expect(differs, 'first byte that differs').toBe(-1);
}

interface Hooks {
  release(): void;
}

export function streamContract(name: string, stream: StreamCase): void {
  const { make, input, expected, empty = new Uint8Array(0) } = stream;
  const sliceOutput = stream.sliceOutput ?? Math.ceil((expected.length / input.length) * 65_536 * 2);

  function made(options: AudioTransformOptions = {}) {
    const transform = make(options);
    const released = vi.spyOn(transform as unknown as Hooks, 'release');
    const outcome: { error?: unknown; closes: number } = { closes: 0 };
    transform.on('error', (error) => {
      outcome.error = error;
    });
    transform.on('close', () => outcome.closes++);
    return { transform, released, outcome };
  }

  const closed = async (transform: AudioTransform) => {
    if (!transform.closed) await new Promise((resolve) => transform.once('close', resolve));
    await turn();
  };

  describe(`${name} keeps the contract`, () => {
    it('has input enough for it', () => {
      expect(input.length).toBeGreaterThan(200_000);
    });

    it('gives the same output wherever the input is cut', async () => {
      const cuts = fc.array(fc.nat(input.length - 1), { maxLength: 12 });
      await fc.assert(
        fc.asyncProperty(cuts, async (at) => {
          expectBytes(await outputOf(make({}), cutAt(input, at)), expected);
        }),
        { numRuns: 30 },
      );
    });

    it('gives the same output for single bytes, small and odd chunks', async () => {
      const head = evenly(input.subarray(0, 1_000), 1);
      const rest = input.subarray(1_000);
      for (const size of [CHUNK, 333, 65_537, input.length])
        expectBytes(await outputOf(make({}), [...head, ...evenly(rest, size)]), expected);
    });

    it('asks its source to pause when nobody reads, and loses nothing', async () => {
      const { transform } = made({ highWaterMarkMs: 20 });
      const chunks = evenly(input, CHUNK);
      let written = 0;
      while (written < chunks.length && transform.write(chunks[written++] as Uint8Array));
      await turn();
      expect(written).toBeLessThan(chunks.length);
      expect(transform.writableNeedDrain).toBe(true);
      const feed = async () => {
        for (const chunk of chunks.slice(written)) {
          if (transform.writableNeedDrain) await once(transform, 'drain');
          transform.write(chunk);
        }
        transform.end();
      };
      const [parts] = await Promise.all([transform.toArray(), feed()]);
      expectBytes(Buffer.concat(parts), expected);
    });

    it('holds no more than a slice of output, whatever is written at once', async () => {
      const { transform } = made({ highWaterMarkMs: 20 });
      let most = 0;
      const parts: Uint8Array[] = [];
      transform.end(input);
      for (;;) {
        await turn();
        const held = transform.readableObjectMode ? 0 : transform.readableLength;
        most = Math.max(most, held);
        const part = transform.read() as Uint8Array | null;
        if (part === null && transform.readableEnded) break;
        if (part === null && transform.destroyed) break;
        if (part) parts.push(part);
      }
      expect(most).toBeLessThanOrEqual(transform.readableHighWaterMark + sliceOutput);
      expectBytes(Buffer.concat(parts), expected);
    });

    it('releases once and closes once at its end', async () => {
      const { transform, released, outcome } = made();
      transform.end(input);
      expectBytes(Buffer.concat(await transform.toArray()), expected);
      await closed(transform);
      expect([released.mock.calls.length, outcome.closes, outcome.error]).toEqual([1, 1, undefined]);
    });

    const states: Record<string, (transform: AudioTransform) => unknown> = {
      'nothing was written': () => {},
      'a chunk was written': (transform) => transform.write(input.subarray(0, CHUNK)),
      'a write waits for the reader': (transform) => transform.write(input),
      'input ended and nobody reads': (transform) => transform.end(input.subarray(0, CHUNK)),
      'output was read': async (transform) => {
        transform.write(input);
        await once(transform, 'readable');
        transform.read(1);
      },
      'output flows': async (transform) => {
        transform.resume();
        transform.write(input.subarray(0, CHUNK));
        await turn();
      },
    };
    for (const [state, reach] of Object.entries(states)) {
      it(`releases once, closes once and gives nothing more when destroyed while ${state}`, async () => {
        const { transform, released, outcome } = made({ highWaterMarkMs: 20 });
        await reach(transform);
        let late = 0;
        transform.on('data', () => late++);
        const error = new Error('enough');
        transform.destroy(error);
        transform.write(input.subarray(0, CHUNK));
        await closed(transform);
        transform.destroy();
        await closed(transform);
        expect([late, released.mock.calls.length, outcome.closes]).toEqual([0, 1, 1]);
        expect(outcome.error).toBe(error);
      });

      it(`ends with the signal's own reason when aborted while ${state}`, async () => {
        const abort = new AbortController();
        const { transform, released, outcome } = made({ signal: abort.signal, highWaterMarkMs: 20 });
        await reach(transform);
        const reason = { why: 'the caller hung up' };
        abort.abort(reason);
        await closed(transform);
        expect(outcome.error).toBe(reason);
        expect(released).toHaveBeenCalledTimes(1);
        expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
      });
    }

    it('ends with the reason of a signal that was aborted before', async () => {
      const reason = new Error('too late');
      const { transform, outcome } = made({ signal: AbortSignal.abort(reason) });
      await closed(transform);
      expect(outcome.error).toBe(reason);
    });

    it('leaves no listener at a signal when it has ended', async () => {
      const { signal } = new AbortController();
      await outputOf(make({ signal }), [input]);
      expect(getEventListeners(signal, 'abort')).toEqual([]);
    });

    it("ends with its source's error, and with its sink's", async () => {
      const failure = new Error('the disk is full');
      const source = made();
      const broken = new Readable({ read: () => broken.destroy(failure) });
      await expect(pipeline(broken, source.transform, new Writable())).rejects.toBe(failure);
      expect(source.released).toHaveBeenCalledTimes(1);

      const sink = made();
      const full = new Writable({ write: (_chunk, _encoding, done) => done(failure) });
      await expect(pipeline(Readable.from([input]), sink.transform, full)).rejects.toBe(failure);
      await closed(sink.transform);
      expect(sink.released).toHaveBeenCalledTimes(1);
    });

    it('takes a second end for none', async () => {
      const { transform } = made();
      transform.end(input);
      transform.end();
      expectBytes(Buffer.concat(await transform.toArray()), expected);
    });

    it('decides about no input, and about empty chunks', async () => {
      for (const chunks of [[], [new Uint8Array(0), new Uint8Array(0)]]) {
        const output = outputOf(make({}), chunks);
        if (typeof empty === 'string') await expect(output).rejects.toMatchObject({ code: empty });
        else expectBytes(await output, empty);
      }
    });

    it.each([['RIFF'], [7], [{ samples: 1 }], [[1, 2]], [new Int16Array(2)], [undefined], [true]])(
      'refuses %j with a TypeError',
      async (wrong) => {
        const { transform, released, outcome } = made();
        const called = new Promise((resolve) => transform.write(wrong, resolve));
        await closed(transform);
        expect(outcome.error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG' });
        expect(await called).toBe(outcome.error);
        expect(released).toHaveBeenCalledTimes(1);
        if (wrong === undefined) return;
        const joined = pipeline(Readable.from([wrong]), make({}), new Writable());
        await expect(joined).rejects.toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG' });
      },
    );

    it('refuses wrong options with a coded error, and listens to no signal then', () => {
      const { signal } = new AbortController();
      for (const highWaterMarkMs of [0, -1, Number.NaN, 60_001, '500' as unknown as number])
        expect(() => make({ highWaterMarkMs, signal })).toThrow(/highWaterMarkMs must be a number/);
      expect(() => make({ signal: {} as AbortSignal })).toThrow(/signal must be an AbortSignal/);
      expect(getEventListeners(signal, 'abort')).toEqual([]);
    });

    it('works by compose, as a web stream, and as an async iterable', async () => {
      const composed = compose(make({}), passing());
      expectBytes(await outputOf(composed, [input]), expected);

      const { readable, writable } = Duplex.toWeb(make({}));
      const writer = writable.getWriter();
      const feed = async () => {
        await writer.write(input);
        await writer.close();
      };
      const parts: Uint8Array[] = [];
      const drain = async () => {
        for await (const part of readable) parts.push(part as Uint8Array);
      };
      await Promise.all([feed(), drain()]);
      expectBytes(Buffer.concat(parts), expected);
    });

    it('is destroyed by a loop that breaks, and by await using', async () => {
      const broken = made();
      broken.transform.end(input);
      for await (const _ of broken.transform) break;
      await closed(broken.transform);
      expect(broken.released).toHaveBeenCalledTimes(1);

      const used = made();
      used.transform.write(input);
      await used.transform[Symbol.asyncDispose]();
      expect(used.transform.closed).toBe(true);
      await used.transform[Symbol.asyncDispose]();
      expect([used.released.mock.calls.length, used.outcome.error]).toEqual([1, undefined]);
    });
  });
}

/** A plain stream of bytes behind ours. */
function passing(): Duplex {
  return Duplex.from(async function* (source: AsyncIterable<Uint8Array>) {
    yield* source;
  });
}
