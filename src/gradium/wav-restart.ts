/**
 * A WAV that passes as it is, begun anew in its midst: its header again, then whole frames.
 * Not here: WAVs that go out as samples, which need no header.
 */
import type { WavInfo } from '../audio/index.js';
import { OPAQUE_STEP_BYTES } from './framer-sender.js';
import { frameBytes } from './source-layout.js';

const SIZE_UNKNOWN = 0xffffffff;

export class WavRestart {
  readonly #info: WavInfo;
  readonly #messageBytes: number;
  /** In pieces, as they came, until a restart needs it. */
  #header: Buffer[] = [];
  #headerBytes = 0;

  constructor(info: WavInfo, stepsPerMessage: number) {
    this.#info = info;
    this.#messageBytes = stepsPerMessage * OPAQUE_STEP_BYTES;
  }

  /** Takes each message on its first way out, until the header has passed. */
  see(message: Buffer): void {
    const missing = this.#info.dataOffset - this.#headerBytes;
    if (missing <= 0) return;
    const piece = payload(message).subarray(0, missing);
    this.#header.push(piece);
    this.#headerBytes += piece.length;
  }

  /** In place of message `n`: the header, and what of the message are whole frames. */
  first(n: number, message: Buffer): Buffer {
    const { dataOffset } = this.#info;
    const frame = frameBytes(this.#info);
    const from = n * this.#messageBytes;
    const skipped = Math.ceil(Math.max(0, from - dataOffset) / frame) * frame;
    const audio = payload(message).subarray(dataOffset + skipped - from);
    const bytes = Buffer.concat([this.#headerWithout(skipped), audio]);
    return Buffer.from(`{"type":"audio","audio":"${bytes.toString('base64')}"}`);
  }

  /** The size of a RIFF's data stands before it, little-endian. Others, and those of no size, promise more than comes. */
  #headerWithout(bytes: number): Buffer {
    const header = Buffer.concat(this.#header);
    const at = header.length - 4;
    if (header.toString('latin1', 0, 4) !== 'RIFF') return header;
    const size = header.readUInt32LE(at);
    if (size !== SIZE_UNKNOWN && size > bytes) header.writeUInt32LE(size - bytes, at);
    return header;
  }
}

function payload(message: Buffer): Buffer {
  const { audio } = JSON.parse(message.toString()) as { audio: string };
  return Buffer.from(audio, 'base64');
}
