import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { FrameWriter } from '../../../src/speech/frame-writer.js';

/** Takes what it is given when it is told to, as a socket whose kernel buffers are full. */
class Slow extends Writable {
  readonly writes: Buffer[] = [];
  #take: () => void = () => {};

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.writes.push(chunk);
    this.#take = done;
  }

  take(): void {
    this.#take();
  }
}

/** Takes everything at once. */
class Fast extends Writable {
  readonly writes: Buffer[] = [];

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.writes.push(Buffer.from(chunk));
    done();
  }
}

/** Behind two bytes of header, RFC 6455 §5.2. Of messages up to 125 bytes. */
function messagesIn(frames: Buffer): { key: number; text: string }[] {
  const found: { key: number; text: string }[] = [];
  for (let at = 0; at < frames.length; ) {
    const length = (frames[at + 1] as number) & 0x7f;
    const body = frames.subarray(at + 6, at + 6 + length);
    const text = Buffer.from(body.map((byte, i) => byte ^ (frames[at + 2 + (i % 4)] as number)));
    found.push({ key: frames.readUInt32BE(at + 2), text: text.toString() });
    at += 6 + length;
  }
  return found;
}

const opened = () => true;
const TEN = Buffer.from('0123456789');

describe('FrameWriter', () => {
  it('writes what was given to it in one turn at once, and tells of each message', async () => {
    const stream = new Fast();
    let sent = 0;
    const writer = new FrameWriter(stream, opened, () => sent++);
    const message = Buffer.from('one');
    writer.write(message);
    message.write('two');
    writer.write(message);
    expect(writer.pendingBytes).toBe(18);
    expect(stream.writes).toEqual([]);
    await new Promise(setImmediate);
    expect(stream.writes).toHaveLength(1);
    expect(messagesIn(stream.writes[0]!).map(({ text }) => text)).toEqual(['one', 'two']);
    expect([writer.pendingBytes, sent]).toEqual([0, 2]);
  });

  it('masks every message with a key of its own, drawn anew', async () => {
    const stream = new Fast();
    const writer = new FrameWriter(stream, opened, () => {});
    // More than are drawn at a time.
    for (let i = 0; i < 10_000; i++) writer.write(TEN);
    writer.flush();
    const messages = stream.writes.flatMap(messagesIn);
    expect(messages).toHaveLength(10_000);
    expect(new Set(messages.map(({ text }) => text))).toEqual(new Set([TEN.toString()]));
    expect(new Set(messages.map(({ key }) => key)).size).toBeGreaterThan(9_990);
  });

  it('leaves alone what a stream has not written yet', () => {
    const slow = new Slow();
    const fast = new Fast();
    const one = new FrameWriter(slow, opened, () => {});
    const other = new FrameWriter(fast, opened, () => {});
    one.write(TEN);
    one.flush();
    const held = Buffer.from(slow.writes[0]!);
    for (let i = 0; i < 10_000; i++) {
      other.write(Buffer.from('another'));
      other.flush();
    }
    expect(slow.writes[0]).toEqual(held);
    expect(fast.writes.flatMap(messagesIn)).toHaveLength(10_000);
    slow.take();
  });

  it('uses the memory again of what was taken at once', () => {
    const stream = new Writable({ write: (_chunk, _encoding, done) => done() });
    const buffers = new Set<ArrayBufferLike>();
    stream._write = (chunk: Buffer, _encoding, done) => {
      buffers.add(chunk.buffer);
      done();
    };
    const writer = new FrameWriter(stream, opened, () => {});
    writer.write(TEN); // may begin new memory
    writer.flush();
    buffers.clear();
    for (let i = 0; i < 10_000; i++) {
      writer.write(TEN);
      writer.flush();
    }
    expect(buffers.size).toBe(1);
  });

  it('drops what may no longer be written, without a word', async () => {
    const stream = new Fast();
    let open = true;
    let sent = 0;
    const writer = new FrameWriter(
      stream,
      () => open,
      () => sent++,
    );
    writer.write(TEN);
    open = false;
    await new Promise(setImmediate);
    expect([stream.writes, writer.pendingBytes, sent]).toEqual([[], 0, 0]);
  });
});
