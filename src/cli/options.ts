/**
 * Values of options, checked as they are read; a wrong one is a usage error.
 * Not here: which command has which option.
 */
import { InvalidArgumentError, Option } from 'commander';
import { TRANSCRIPT_FORMATS, type TranscriptFormat } from '../batch/index.js';
import {
  type RawAudioFormat,
  SAMPLE_ENCODINGS,
  type SampleEncoding,
  WIRE_FORMATS,
  type WireFormat,
} from '../format.js';

/** What may be sent. */
export const INPUT_WIRES: readonly (WireFormat | 'auto')[] = ['auto', ...WIRE_FORMATS];

/** What files without a header may hold: mono samples as the wire format of that name has them. */
export const RAW_INPUTS: Readonly<Record<string, RawAudioFormat>> = {
  ...Object.fromEntries(
    [8_000, 16_000, 22_050, 24_000, 44_100, 48_000].map((sampleRateHz) => [
      `pcm_${sampleRateHz}`,
      { encoding: 's16le', sampleRateHz },
    ]),
  ),
  ulaw_8000: { encoding: 'mulaw', sampleRateHz: 8_000 },
  mulaw_8000: { encoding: 'mulaw', sampleRateHz: 8_000 },
  alaw_8000: { encoding: 'alaw', sampleRateHz: 8_000 },
};

/** What encodings are called besides their own names: as the wire formats have them, and without a byte order. */
const ENCODING_NAMES: Readonly<Record<string, SampleEncoding>> = {
  ...Object.fromEntries(SAMPLE_ENCODINGS.map((encoding) => [encoding, encoding])),
  pcm: 's16le',
  ulaw: 'mulaw',
  s16: 's16le',
  s24: 's24le',
  s32: 's32le',
  f32: 'f32le',
  f64: 'f64le',
};

/** How the service is spoken to. */
export type Transport = 'websocket' | 'post';

export function transportOption(): Option {
  return new Option(
    '--transport <name>',
    'how the service is spoken to; post is for networks that let no WebSocket through',
  )
    .choices(['websocket', 'post'] satisfies Transport[])
    .default('websocket');
}

/** As much as a WAV can say: what is written without a header can be read again. */
const MAX_RAW_RATE_HZ = 2 ** 31 - 1;

/** `pcm_16000`, `ulaw_8000`, `s24le_44100`: an encoding and a rate. */
export function rawFormat(text: string): { encoding: SampleEncoding; sampleRateHz: number } {
  const [, name = '', rate = ''] = /^([a-z0-9]+)_(\d+)$/.exec(text) ?? [];
  const encoding = Object.hasOwn(ENCODING_NAMES, name) ? ENCODING_NAMES[name] : undefined;
  const sampleRateHz = Number(rate);
  if (encoding === undefined || sampleRateHz < 1 || sampleRateHz > MAX_RAW_RATE_HZ) {
    throw new InvalidArgumentError(
      `It is an encoding (${Object.keys(ENCODING_NAMES).join(', ')}), _ and a rate from 1 to ` +
        `${MAX_RAW_RATE_HZ}, such as pcm_16000 or ulaw_8000.`,
    );
  }
  return { encoding, sampleRateHz };
}

/** A path, or `-`. Empty it is what an unset variable leaves. */
export function pathName(text: string): string {
  if (text === '') throw new InvalidArgumentError('Check the variables on the command line.');
  return text;
}

export function wholeNumber(name: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`${name} is a whole number from ${min} to ${max}.`);
    }
    return value;
  };
}

/** Of Opus, for each channel, in bits a second: what the encoder takes. */
export const MIN_BITRATE = 500;
export const MAX_BITRATE = 300_000;

/** `24000`, or `24k` for thousands. */
export function bitsPerSecond(text: string): number {
  const [, digits = '', thousand] = /^(\d+)(k?)$/i.exec(text) ?? [];
  const value = Number(digits) * (thousand === '' ? 1 : 1000);
  if (digits === '' || value < MIN_BITRATE) {
    throw new InvalidArgumentError(
      `The bitrate is a whole number of bits a second from ${MIN_BITRATE}, such as 24000 or 24k.`,
    );
  }
  return value;
}

/** `txt,json` to formats, each once. */
export function formatList(text: string): TranscriptFormat[] {
  const formats = text.split(',').map((name) => name.trim());
  for (const name of formats) {
    if (!(TRANSCRIPT_FORMATS as readonly string[]).includes(name)) {
      throw new InvalidArgumentError(`Formats are ${TRANSCRIPT_FORMATS.join(', ')}, with commas between.`);
    }
  }
  return [...new Set(formats)] as TranscriptFormat[];
}

/** The service decides which languages it knows; here only the shape is checked, such as `en` or `pt-BR`. */
export function languageCode(text: string): string {
  if (text !== 'any' && !/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/.test(text)) {
    throw new InvalidArgumentError('Languages are en, fr, de, es, pt, or any to have it detected.');
  }
  return text;
}

/** Where there is no `any`: nothing can be translated to it, and no voice speaks it. */
export function namedLanguage(text: string): string {
  if (text === 'any') throw new InvalidArgumentError('Name the language, such as en.');
  return languageCode(text);
}

/** Such as `42.5`. */
export function seconds(name: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+(\.\d+)?$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`${name} is a number of seconds from ${min} to ${max}.`);
    }
    return value;
  };
}

const MAX_KEYWORDS = 500;

/** `Kubernetes,Sluice` to words, each once. */
export function wordList(text: string): string[] {
  const words = [...new Set(text.split(',').map((word) => word.trim()))];
  if (words.length > MAX_KEYWORDS || words.some((word) => word === '' || /\s/u.test(word))) {
    throw new InvalidArgumentError(`Keywords are single words, up to ${MAX_KEYWORDS}, with commas between.`);
  }
  return words;
}
