/** The types of what our streams emit, Node's own events included. Not here: emitting. Nothing of it is left at run time. */
import type { Readable } from 'node:stream';
import type { RawAudioFormat } from '../format.js';

/** What a Node `Duplex` emits, and with what. An encoding makes its chunks strings. */
// biome-ignore lint/suspicious/noExplicitAny: as Node has it.
export interface DuplexEvents<Chunk = any> {
  close: [];
  data: [chunk: Chunk];
  drain: [];
  end: [];
  error: [error: Error];
  finish: [];
  pause: [];
  pipe: [source: Readable];
  readable: [];
  resume: [];
  unpipe: [source: Readable];
}

/** What every audio transform emits. */
export interface AudioTransformEvents extends DuplexEvents {
  format: [format: RawAudioFormat];
}

/** `on` and its like of a stream that emits `Events`; of other names nothing is known. */
export interface Listen<Events, Self> {
  <Name extends keyof Events>(event: Name, listener: (...args: Events[Name] & unknown[]) => void): Self;
  // biome-ignore lint/suspicious/noExplicitAny: as Node has it.
  (event: string | symbol, listener: (...args: any[]) => void): Self;
}
