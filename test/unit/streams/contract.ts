// What every audio transform must do, whatever it does with the audio: Node's contract for streams, and ours.
// Not here: the audio itself; each stream's own test has that.
import { getEventListeners, once } from 'node:events';
import nodeStream, { Duplex, Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { AudioTransform, AudioTransformOptions } from '../../../src/streams/index.js';
import * as streams from '../../../src/streams/index.js';

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

/** @param name begins with the name under which `src/streams` exports the stream: contract-coverage.test.ts counts on it. */
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
    it('is what its name says, with input enough for it', async () => {
      const exported = (streams as unknown as Record<string, { prototype?: unknown }>)[
        name.split(/\W/)[0] ?? ''
      ];
      const { transform } = made();
      // A function makes a stream of another name.
      if (exported?.prototype instanceof streams.AudioTransform) expect(transform).toBeInstanceOf(exported);
      else expect(exported).toBeTypeOf('function');
      await transform[Symbol.asyncDispose]();
      expect(input.length).toBeGreaterThan(200_000);
    });

    it('takes highWaterMarkMs for an amount of audio on either side', () => {
      const [short, long] = [100, 1000].map((highWaterMarkMs) => make({ highWaterMarkMs }));
      for (const side of ['readableHighWaterMark', 'writableHighWaterMark'] as const) {
        const [less, more] = [short?.[side] ?? 0, long?.[side] ?? 0];
        // Rounded up, to whole chunks where the reader gets those.
        expect(more).toBeGreaterThan(9 * (less - 1));
        expect(more).toBeLessThanOrEqual(10 * less);
      }
      short?.destroy();
      long?.destroy();
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
      const push = vi.spyOn(transform, 'push');
      const pushed = () =>
        push.mock.calls.reduce((sum, [chunk]) => sum + ((chunk as Buffer)?.length ?? 0), 0);
      const parts: Uint8Array[] = [];
      let [most, read] = [0, 0];
      transform.end(input);
      while (!transform.closed) {
        await turn();
        most = Math.max(most, pushed() - read);
        const part = transform.read() as Uint8Array | null;
        if (part) parts.push(part);
        read += part?.length ?? 0;
      }
      const chunk = transform.readableObjectMode ? Math.max(...parts.map(({ length }) => length)) : 1;
      expect(most).toBeLessThanOrEqual(transform.readableHighWaterMark * chunk + sliceOutput);
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
      'its writer waits for drain': async (transform) => {
        for (const chunk of evenly(input, CHUNK)) if (!transform.write(chunk)) break;
        await turn();
      },
      'writes are corked': (transform) => {
        transform.cork();
        transform.write(input.subarray(0, CHUNK));
      },
      'its end is worked on and nobody reads': async (transform) => {
        transform.end(input.subarray(0, CHUNK));
        await turn();
      },
      'a web stream stands around it': (transform) => {
        const { readable, writable } = Duplex.toWeb(transform);
        const writer = writable.getWriter();
        for (const over of [writer.closed, writer.ready, writer.write(input)]) over.catch(() => {});
        const reader = readable.getReader();
        reader.closed.catch(() => {});
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

    it('gives nothing more when it is destroyed by who listens to its output', async () => {
      for (const abort of [undefined, new AbortController()]) {
        const { transform, released, outcome } = made(abort && { signal: abort.signal });
        const error = new Error('that will do');
        let chunks = 0;
        transform.on('data', () => {
          chunks++;
          if (abort) abort.abort(error);
          else transform.destroy(error);
        });
        transform.end(input);
        await closed(transform);
        expect([chunks, released.mock.calls.length, outcome.closes]).toEqual([1, 1, 1]);
        expect(outcome.error).toBe(error);
      }
    });

    it('gives nothing, and no error, to who reads after its end, destroys or aborts it then', async () => {
      const abort = new AbortController();
      const { transform, released, outcome } = made({ signal: abort.signal });
      transform.end(input);
      expectBytes(Buffer.concat(await transform.toArray()), expected);
      await closed(transform);
      abort.abort();
      transform.destroy(new Error('too late'));
      await closed(transform);
      expect(transform.read()).toBeNull();
      expect([released.mock.calls.length, outcome.closes, outcome.error]).toEqual([1, 1, undefined]);
    });

    it('ends with the reason of a signal that was aborted before', async () => {
      const reason = new Error('too late');
      const { transform, outcome } = made({ signal: AbortSignal.abort(reason) });
      let chunks = 0;
      transform.on('data', () => chunks++);
      transform.end(input);
      await closed(transform);
      expect(outcome.error).toBe(reason);
      expect(chunks).toBe(0);
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

    it('is destroyed when its source or its sink goes away without a word', async () => {
      const premature = { code: 'ERR_STREAM_PREMATURE_CLOSE' };
      const source = made();
      const gone = new Readable({ read: () => gone.destroy() });
      await expect(pipeline(gone, source.transform, new Writable())).rejects.toMatchObject(premature);
      const sink = made();
      const left = new Writable({ write: () => left.destroy() });
      await expect(pipeline(Readable.from([input]), sink.transform, left)).rejects.toMatchObject(premature);
      for (const { transform, released } of [source, sink]) {
        await closed(transform);
        expect(released).toHaveBeenCalledTimes(1);
      }
    });

    it("tells each write's callback, once", async () => {
      const { transform } = made();
      const told: number[] = [];
      const chunks = evenly(input, 65_536);
      chunks.forEach((chunk, i) => {
        transform.write(chunk, (error) => told.push(error ? -1 : i));
      });
      transform.end();
      expectBytes(Buffer.concat(await transform.toArray()), expected);
      // Node tells those of one tick in any order.
      expect(told.sort((a, b) => a - b)).toEqual(chunks.map((_, i) => i));
    });

    it('refuses a write after the end, and after destroy, by the codes of Node', async () => {
      const ended = made();
      ended.transform.resume().end(input);
      ended.transform.write(input, (error) =>
        expect(error).toMatchObject({ code: 'ERR_STREAM_WRITE_AFTER_END' }),
      );
      await closed(ended.transform);
      expect(ended.outcome.error).toMatchObject({ code: 'ERR_STREAM_WRITE_AFTER_END' });
      expect(ended.released).toHaveBeenCalledTimes(1);

      const destroyed = made();
      destroyed.transform.destroy();
      const refused = new Promise((resolve) => destroyed.transform.write(input, resolve));
      expect(await refused).toMatchObject({ code: 'ERR_STREAM_DESTROYED' });
      expect(() => made().transform.write(null)).toThrow(
        expect.objectContaining({ code: 'ERR_STREAM_NULL_VALUES' }),
      );
    });

    it('gives the same output for corked writes', async () => {
      const { transform } = made();
      transform.cork();
      for (const chunk of evenly(input, 10_000)) transform.write(chunk);
      transform.uncork();
      transform.end();
      expectBytes(Buffer.concat(await transform.toArray()), expected);
    });

    it('gives text to who sets an encoding, and again what was put back', async () => {
      const text = made().transform.setEncoding('hex');
      text.end(input);
      const hex = ((await text.toArray()) as string[]).join('');
      expectBytes(Buffer.from(hex, 'hex'), expected);

      const { transform } = made();
      transform.end(input);
      await once(transform, 'readable');
      const first = transform.read() as Buffer;
      transform.unshift(first.subarray(1));
      const rest = await transform.toArray();
      expectBytes(Buffer.concat([first.subarray(0, 1), ...rest]), expected);
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
        if (typeof wrong === 'string') {
          const last = made();
          last.transform.end(wrong);
          await closed(last.transform);
          expect(last.outcome.error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG' });
        }
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

      const web = Readable.toWeb(Readable.from([input], { objectMode: false }));
      expectBytes(Buffer.concat(await Readable.fromWeb(web).pipe(make({})).toArray()), expected);
    });

    it('is destroyed by a web stream that is aborted or cancelled', async () => {
      for (const leave of ['abort', 'cancel'] as const) {
        const { transform, released } = made();
        const { readable, writable } = Duplex.toWeb(transform);
        const reason = new Error('enough');
        await (leave === 'abort' ? writable.abort(reason) : readable.cancel(reason)).catch(() => {});
        await closed(transform);
        expect(released).toHaveBeenCalledTimes(1);
      }
    });

    it('goes on after a loop that breaks without destroying it', async () => {
      const { transform, released } = made();
      transform.end(input);
      const parts: Uint8Array[] = [];
      for await (const part of transform.iterator({ destroyOnReturn: false })) {
        parts.push(part as Uint8Array);
        break;
      }
      expect(released).not.toHaveBeenCalled();
      for await (const part of transform) parts.push(part as Uint8Array);
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
