/**
 * E-mail addresses and URLs, with words for their marks.
 * Not here: other marks in text (rewrite-marks.ts).
 */
import { rewriteCode, spell } from './rewrite-spelling.js';

/** What the marks of addresses are called. One that is not named here stays, as a word of its own. */
export type MarkWords = Readonly<Record<string, string>>;

export const MARKS_EN: MarkWords = {
  '@': 'at',
  '.': 'dot',
  '-': 'dash',
  _: 'underscore',
  '/': 'slash',
  ':': 'colon',
  '?': 'question mark',
  '=': 'equals',
  '&': 'and',
  '#': 'hash',
  '%': 'percent',
  '+': 'plus',
  '~': 'tilde',
  ',': 'comma',
  ';': 'semicolon',
  '!': 'exclamation mark',
  '*': 'star',
  "'": 'apostrophe',
};

export const MARKS_FR: MarkWords = {
  '@': 'arobaze',
  '.': 'point',
  '-': 'tiret',
  _: 'tiret bas',
  '/': 'slash',
  ':': 'deux-points',
  '?': "point d'interrogation",
  '=': 'égal',
  '&': 'et',
  '#': 'dièse',
  '%': 'pour cent',
  '+': 'plus',
  '~': 'tilde',
  ',': 'virgule',
  ';': 'point-virgule',
  '!': "point d'exclamation",
  '*': 'étoile',
  "'": 'apostrophe',
};

export const MARKS_DE: MarkWords = {
  '@': 'at',
  '.': 'Punkt',
  '-': 'Bindestrich',
  _: 'Unterstrich',
  '/': 'Schrägstrich',
  ':': 'Doppelpunkt',
  '?': 'Fragezeichen',
  '=': 'gleich',
  '&': 'und',
  '#': 'Raute',
  '%': 'Prozent',
  '+': 'Plus',
  '~': 'Tilde',
  ',': 'Komma',
  ';': 'Semikolon',
  '!': 'Ausrufezeichen',
  '*': 'Stern',
  "'": 'Apostroph',
};

export const MARKS_ES: MarkWords = {
  '@': 'arroba',
  '.': 'punto',
  '-': 'guión',
  _: 'guión bajo',
  '/': 'barra',
  ':': 'dos puntos',
  '?': 'signo de interrogación',
  '=': 'igual',
  '&': 'y',
  '#': 'almohadilla',
  '%': 'por ciento',
  '+': 'más',
  '~': 'virgulilla',
  ',': 'coma',
  ';': 'punto y coma',
  '!': 'signo de exclamación',
  '*': 'asterisco',
  "'": 'apóstrofo',
};

export const MARKS_PT: MarkWords = {
  '@': 'arroba',
  '.': 'ponto',
  '-': 'hífen',
  _: 'sublinhado',
  '/': 'barra',
  ':': 'dois pontos',
  '?': 'ponto de interrogação',
  '=': 'igual',
  '&': 'e',
  '#': 'cardinal',
  '%': 'por cento',
  '+': 'mais',
  '~': 'til',
  ',': 'vírgula',
  ';': 'ponto e vírgula',
  '!': 'ponto de exclamação',
  '*': 'asterisco',
  "'": 'apóstrofo',
};

/** RFC 5321 §4.5.3.1.3: a path of 256 octets, brackets included. */
const MAX_EMAIL_CHARS = 254;
/** Classes that follow each other have no character in common: nothing is tried twice. */
const EMAIL = /^[\p{L}\p{M}\p{N}.!#$%&'*+/=?^_`{|}~-]+@(?:[\p{L}\p{M}\p{N}-]+\.)+[\p{L}\p{M}\p{N}-]+$/u;

export function emailRule(words: MarkWords): (word: string) => string | undefined {
  return (word) => {
    const at = word.indexOf('@');
    if (at < 0 || word.length > MAX_EMAIL_CHARS || !EMAIL.test(word)) return undefined;
    return `${inWords(word.slice(0, at), words)} ${inWords(word.slice(at), words, 'host')}`;
  };
}

/** Scheme, host (with user and port, where they are), and all the rest. */
const URL_PARTS = /^(?:(https?|ftps?|wss?)(:\/\/)(?=[^/?#])|(?=www\.[\p{L}\p{N}]))([^/?#]*)(.*)$/isu;

export function urlRule(words: MarkWords): (word: string) => string | undefined {
  return (word) => {
    const [, scheme, slashes, host, rest] = URL_PARTS.exec(word) ?? [];
    if (host === undefined || rest === undefined) return undefined;
    const parts = [inWords(host, words, 'host'), inWords(rest, words)];
    if (scheme && slashes) parts.unshift(spell(scheme.toUpperCase()), inWords(slashes, words));
    return parts.filter((part) => part !== '').join(' ');
  };
}

const PARTS = /[\p{L}\p{M}\p{N}]+|./gsu;

function inWords(address: string, words: MarkWords, where?: 'host'): string {
  const parts = address.match(PARTS) ?? [];
  return parts.map((part) => words[part] ?? (where && hostLabel(part)) ?? code(part) ?? part).join(' ');
}

/** Countries, for the most part: `uk` is `U-K`. */
function hostLabel(part: string): string | undefined {
  return /^[a-z]{2}$/i.test(part) ? spell(part.toUpperCase()) : undefined;
}

/** Digits in addresses count nothing. Up to three, and years, are read well as they are. */
function code(part: string): string | undefined {
  if (/^(?:19\d\d|20\d\d|2100)$/.test(part)) return part;
  return /^\d{4,}$/.test(part) ? spell(part) : rewriteCode(part);
}
