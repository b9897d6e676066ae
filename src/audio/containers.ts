/**
 * Which container a recording is in, by its first bytes: WAV and Ogg Opus, which the core reads, or one that FFmpeg does.
 * Not here: reading them (wav-reader.ts, ogg-opus-reader.ts, ffmpeg-reader.ts).
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { isUint8Array } from 'node:util/types';
import { argumentTypeError } from '../errors.js';
import { describe, lengthOf } from './arguments.js';

/** A container that FFmpeg reads for us. */
export interface ForeignContainer {
  /**
   * What it is called here: `mp3`, `aac`, `mp4`, `flac`, `matroska`, `ogg`, `amr`, `asf`, `aiff`, `au`,
   * `caf`, `w64`, `nist`, `wavpack`.
   */
  name: string;
  /** For people, with an article: `an MP4 file (M4A, MOV, 3GP)`. */
  title: string;
  /** Its samples may be wider than 16 bits without loss; in the others a lossy codec is the rule. */
  lossless: boolean;
}

/** Where the first bytes do: at an offset, a magic number in Latin-1. */
interface Magic extends ForeignContainer {
  at: number;
  magic: string;
}

const MAGICS: readonly Magic[] = [
  // ID3v2 stands before MP3 and AAC, seldom before a FLAC or a WAV.
  { at: 0, magic: 'ID3', name: 'mp3', title: 'a file that begins with an ID3 tag (MP3)', lossless: false },
  { at: 4, magic: 'ftyp', name: 'mp4', title: 'an MP4 file (M4A, MOV, 3GP)', lossless: false },
  { at: 0, magic: 'fLaC', name: 'flac', title: 'a FLAC file', lossless: true },
  { at: 0, magic: '\x1a\x45\xdf\xa3', name: 'matroska', title: 'a WebM or Matroska file', lossless: false },
  { at: 0, magic: '#!AMR', name: 'amr', title: 'an AMR file', lossless: false },
  // The header object's GUID (Advanced Systems Format §10.1).
  {
    at: 0,
    magic: '\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c',
    name: 'asf',
    title: 'a Windows Media file (WMA, ASF)',
    lossless: false,
  },
  { at: 8, magic: 'AIFF', name: 'aiff', title: 'an AIFF file', lossless: true },
  { at: 8, magic: 'AIFC', name: 'aiff', title: 'an AIFF file', lossless: true },
  { at: 0, magic: '.snd', name: 'au', title: 'an AU file', lossless: true },
  { at: 0, magic: 'caff', name: 'caf', title: 'a Core Audio (CAF) file', lossless: true },
  { at: 0, magic: 'riff', name: 'w64', title: 'a Wave64 file', lossless: true },
  { at: 0, magic: 'NIST_1A', name: 'nist', title: 'a NIST SPHERE file', lossless: true },
  { at: 0, magic: 'wvpk', name: 'wavpack', title: 'a WavPack file', lossless: true },
];

/** How the first packet of an Ogg stream begins (RFC 5334 §10.1 and the codecs' own mappings). */
const OGG_CODECS: readonly [magic: string, codec: string, lossless: boolean][] = [
  ['\x01vorbis', 'Vorbis', false],
  ['Speex   ', 'Speex', false],
  ['\x7fFLAC', 'FLAC', true],
];

/** The longest magic number and its offset; what is shorter than that may still be recognised. */
const HEAD_BYTES = 16;
/**
 * Where Ogg is looked for. All pages that begin a stream of an Ogg file stand first, mostly one of some 60 bytes; what
 * may lie before them has no bound, but the rest of another page or of a server's answer is shorter than this.
 */
const OGG_HEAD_BYTES = 4096;

/** As `WavReader` knows them. */
const WAV_MAGICS: readonly string[] = ['RIFF', 'RIFX', 'RF64', 'BW64'];

/**
 * How many bytes from the start of a recording {@link audioContainer} wants to see, going by those that are there: more
 * of Ogg until a codec is known, whose name stands behind the page headers, and of what is not known at all, which may
 * have Ogg Opus behind it: who asks for less finds it or not by where the bytes were cut.
 *
 * @param head As many as have come.
 * @returns Bytes: 16 or 4 096.
 * @example
 * const { length } = Buffer.from('OggS');
 * console.log(length < containerHeadBytes(Buffer.from('OggS'))); // true: read on
 */
export function containerHeadBytes(head: Uint8Array): number {
  if (!isUint8Array(head))
    throw argumentTypeError(`containerHeadBytes needs a Uint8Array, got ${describe(head)}`);
  return wantedBytes(copyOfHead(head));
}

function wantedBytes(head: Buffer): number {
  if (head.length < HEAD_BYTES) return HEAD_BYTES;
  if (WAV_MAGICS.includes(text(head, 0, 4)) || findOpusHead(head)) return HEAD_BYTES;
  if (text(head, 0, 4) === 'OggS') return OGG_HEAD_BYTES;
  return magicContainer(head) ? HEAD_BYTES : OGG_HEAD_BYTES;
}

/**
 * Which container a recording is in, by its first bytes, and so who reads it. A file's name does not count. Never throws
 * on any bytes.
 *
 * @param pathOrHead A path to a regular file, whose first bytes are read, synchronously; or `containerHeadBytes(head)`
 * bytes from the start of a recording, or all of it where it is shorter.
 * @returns `ogg`: Ogg Opus, alone or beside other streams, also behind bytes that are none; and Ogg of which the head tells
 * no codec: `OggOpusReader` reads it, or says what is wrong. A {@link ForeignContainer}: what `FfmpegReader` reads.
 * `wav`: everything else, unknown bytes and raw samples too: `WavReader` reads it, or says what is wrong.
 * @throws TypeError ERR_INVALID_ARG for anything else. Errors of the file system (ENOENT …) pass through.
 * @example
 * audioContainer(Buffer.from('fLaC')); // { name: 'flac', title: 'a FLAC file', lossless: true }
 */
export function audioContainer(pathOrHead: string | Uint8Array): 'wav' | 'ogg' | ForeignContainer {
  const bytes = typeof pathOrHead === 'string' ? readHead(pathOrHead) : pathOrHead;
  if (!isUint8Array(bytes))
    throw argumentTypeError(`audioContainer needs a path or a Uint8Array, got ${describe(pathOrHead)}`);
  const head = copyOfHead(bytes);
  const start = text(head, 0, 4);
  if (WAV_MAGICS.includes(start)) return 'wav';
  if (start === 'OggS') return oggContainer(head);
  const known = magicContainer(head);
  if (known !== undefined) return known;
  return findOpusHead(head) ? 'ogg' : (mpegContainer(head) ?? 'wav');
}

/** Of any Uint8Array: one that lost its memory, one whose methods somebody changed. */
function copyOfHead(bytes: Uint8Array): Buffer {
  const head = Buffer.alloc(Math.min(lengthOf(bytes), OGG_HEAD_BYTES));
  for (let i = 0; i < head.length; i++) head[i] = bytes[i] ?? 0;
  return head;
}

function magicContainer(head: Uint8Array): ForeignContainer | undefined {
  const found = MAGICS.find(({ at, magic }) => text(head, at, magic.length) === magic && isForm(head, at));
  return found && { name: found.name, title: found.title, lossless: found.lossless };
}

function readHead(path: string): Uint8Array {
  // O_NONBLOCK: opening a named pipe would otherwise wait for its writer, for ever.
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    if (!fstatSync(file).isFile())
      throw argumentTypeError(`audioContainer reads regular files, and ${path} is none`);
    const head = new Uint8Array(OGG_HEAD_BYTES);
    return head.subarray(0, readSync(file, head, 0, head.length, 0));
  } finally {
    closeSync(file);
  }
}

/** What a magic number at 8 names is a FORM. */
function isForm(head: Uint8Array, at: number): boolean {
  return at !== 8 || text(head, 0, 4) === 'FORM';
}

function text(bytes: Uint8Array, at: number, length: number): string {
  let found = '';
  for (let i = at; i < Math.min(at + length, bytes.length); i++) found += String.fromCharCode(bytes[i] ?? 0);
  return found;
}

/**
 * MPEG audio frames begin with 11 bits set (ISO 11172-3 §2.4.1.3), ADTS with 12 (ISO 13818-7 §6.2). The fields behind
 * them must mean something too: raw samples begin with 0xFF as well. As `IsMpegFrame` of the core.
 */
function mpegContainer(head: Uint8Array): ForeignContainer | undefined {
  if (head.length < 3) return undefined;
  const sync = head[0] ?? 0;
  const second = head[1] ?? 0;
  const third = head[2] ?? 0;
  if (sync !== 0xff || second < 0xe0) return undefined;
  const rate = (third >> 2) & 15;
  if ((second & 0xf6) === 0xf0) {
    return rate < 13 ? { name: 'aac', title: 'an AAC file (ADTS)', lossless: false } : undefined;
  }
  const bitrate = third >> 4;
  const sound =
    (second & 0x18) !== 0x08 && (second & 0x06) !== 0 && bitrate !== 0 && bitrate !== 15 && (rate & 3) !== 3;
  return sound ? { name: 'mp3', title: 'MPEG audio (MP3)', lossless: false } : undefined;
}

/** Ogg with Opus in it, whichever stream that is, is read by the core; so is what is not understood here. */
function oggContainer(head: Buffer): 'ogg' | ForeignContainer {
  if (findOpusHead(head)) return 'ogg';
  const packets = oggFirstPackets(head, 0);
  const codec = OGG_CODECS.find(([magic]) => packets.some((packet) => packet.startsWith(magic)));
  return codec ? { name: 'ogg', title: `an Ogg file with ${codec[1]}`, lossless: codec[2] } : 'ogg';
}

/** Whether a page that stands anywhere in it, or one that follows, begins an Opus stream. */
function findOpusHead(head: Buffer): boolean {
  if (!head.includes('OpusHead')) return false;
  for (let at = head.indexOf('OggS'); at >= 0; at = head.indexOf('OggS', at + 1)) {
    if (oggFirstPackets(head, at).some((packet) => packet.startsWith('OpusHead'))) return true;
  }
  return false;
}

/**
 * How the first packet of each stream begins, from the page at `from` on (RFC 3533 §6: their pages, flagged 2, stand
 * before all others).
 */
function oggFirstPackets(head: Uint8Array, from: number): string[] {
  const packets: string[] = [];
  for (let at = from; text(head, at, 4) === 'OggS' && ((head[at + 5] ?? 0) & 2) !== 0; ) {
    const segments = head[at + 26] ?? 0;
    const body = at + 27 + segments;
    packets.push(text(head, body, 8));
    at = head.subarray(at + 27, body).reduce((sum, length) => sum + length, body);
  }
  return packets;
}
