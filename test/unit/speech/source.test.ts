import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ByteSource, pipeReader, readerOf } from '../../../src/speech/index.js';
import { onWindows } from '../../on-windows.js';

const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7) & 255));
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-source-'));
  await writeFile(join(folder, 'a.bin'), bytes);
});
afterAll(() => rm(folder, { recursive: true }));

async function all(source: ByteSource): Promise<Buffer> {
  const reader = readerOf(source);
  const parts: Buffer[] = [];
  for (let chunk = await reader.next(); chunk; chunk = await reader.next()) parts.push(Buffer.from(chunk));
  reader.close();
  return Buffer.concat(parts);
}

async function* slices(step: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
}

describe('readerOf', () => {
  it('reads every kind of source to the last byte', async () => {
    expect((await all(join(folder, 'a.bin'))).equals(bytes)).toBe(true);
    expect((await all(bytes)).equals(bytes)).toBe(true);
    expect((await all(Readable.from(slices(1000)))).equals(bytes)).toBe(true);
    expect((await all(slices(777))).equals(bytes)).toBe(true);
    const web = Readable.toWeb(Readable.from(slices(5000))) as ReadableStream<Uint8Array>;
    expect((await all(web)).equals(bytes)).toBe(true);
  });

  it('passes on the errors of the source', async () => {
    await expect(all(join(folder, 'missing'))).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(all(folder)).rejects.toMatchObject({ code: 'EISDIR' });
    const own = new Error('own');
    const broken = async function* () {
      yield bytes;
      throw own;
    };
    await expect(all(broken())).rejects.toBe(own);
    await expect(all(Readable.from(broken()))).rejects.toBe(own);
  });

  it('refuses chunks that are not bytes', async () => {
    const texts = async function* () {
      yield 'text' as unknown as Uint8Array;
    };
    await expect(all(texts())).rejects.toMatchObject({ code: 'ERR_INVALID_ARG' });
  });

  it.each([undefined, null, 5, {}, [1], new ArrayBuffer(4)])('refuses %s', (source) => {
    expect(() => readerOf(source as never)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG' }));
  });

  it('lets go of a Node stream at once, even while it is waited for', async () => {
    const stream = new Readable({ read() {} });
    const reader = readerOf(stream);
    const pending = reader.next();
    reader.close();
    expect(stream.destroyed).toBe(true);
    await expect(pending).rejects.toBeDefined();
  });

  it('cancels a web stream, even while it is waited for', async () => {
    let cancelled = false;
    const web = new ReadableStream<Uint8Array>({
      cancel() {
        cancelled = true;
      },
    });
    const reader = readerOf(web);
    const pending = reader.next();
    reader.close();
    expect(await pending).toBeUndefined();
    expect(cancelled).toBe(true);
  });

  it('returns an iterator that it leaves early', async () => {
    let returned = false;
    const source = {
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false as const, value: bytes }),
        return: async () => {
          returned = true;
          throw new Error('clean-up failed');
        },
      }),
    };
    const reader = readerOf(source);
    await reader.next();
    reader.close();
    expect(returned).toBe(true);
  });
});

describe.skipIf(onWindows('named pipes'))('pipeReader', () => {
  const pipe = (name: string): string => {
    const path = join(folder, name);
    expect(spawnSync('mkfifo', [path]).status).toBe(0);
    return path;
  };

  it('waits for a writer and reads what it writes to the last byte', async () => {
    const path = pipe('written');
    const reader = pipeReader(path);
    const first = reader.next();
    const writer = spawn('cp', [join(folder, 'a.bin'), path]);
    const parts: Buffer[] = [];
    for (let chunk = await first; chunk; chunk = await reader.next()) parts.push(Buffer.from(chunk));
    expect(Buffer.concat(parts).equals(bytes)).toBe(true);
    writer.kill();
  });

  it('holds nothing back when it is closed before anybody wrote', () => {
    const path = pipe('silent');
    const code = `
      import { pipeReader } from ${JSON.stringify(new URL('../../../dist/speech/index.js', import.meta.url).href)};
      const reader = pipeReader(${JSON.stringify(path)});
      reader.next().catch(() => {});
      setImmediate(() => reader.close());`;
    const run = spawnSync(process.execPath, ['--input-type=module', '-e', code], { timeout: 10_000 });
    expect(run.stderr.toString()).toBe('');
    expect(run.status).toBe(0);
  });
});
