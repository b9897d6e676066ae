/**
 * Phone numbers: the country says how the digits are grouped, the language how a group is read.
 * Not here: numbers that count something (rewrite-numbers.ts).
 */
import { spell } from './rewrite-spelling.js';

/** How long the groups of a number are. It is without country code and trunk prefix (the 0 before area codes). */
type Grouping = (number: string) => number[];

/** North America: area code 3, exchange 3, line 4. */
const northAmerica: Grouping = ({ length }) => (length === 10 ? [3, 3, 4] : threes(length));

/** Ofcom's areas: London and its like (2x) 2-4-4; 1xxx but 11x and 1x1 4-3-3; mobile and the rest 3-3-4. */
const unitedKingdom: Grouping = (number) => {
  if (number.length !== 10) return threes(number.length);
  if (number.startsWith('2')) return [2, 4, 4];
  return /^1(?!1|.1)/.test(number) ? [4, 3, 3] : [3, 3, 4];
};

/** One digit for the kind of number, then pairs. */
const france: Grouping = ({ length }) => pairs(length);

/** Area or network of three digits, then pairs. */
const spain: Grouping = ({ length }) => [3, ...pairs(length - 3)];

const portugal: Grouping = ({ length }) => threes(length);

/**
 * Pairs, as in `01511234567`: from the left in the area code, from the right in what follows. Berlin, Hamburg, Frankfurt
 * and Munich have area codes of two digits, mobile networks three, and other areas two to five: taken for three.
 */
const germany: Grouping = (number) => {
  const area = /^(?:30|40|69|89)/.test(number) ? [2] : [2, 1];
  return [...area, ...pairs(number.length - (area.length === 1 ? 2 : 3))];
};

/** From the right; an odd digit comes first. */
function pairs(length: number): number[] {
  return [...Array(length % 2).fill(1), ...Array(length >> 1).fill(2)];
}

/** From the left; the last group has two to four. */
function threes(length: number): number[] {
  if (length <= 4) return [length];
  return [3, ...threes(length - 3)];
}

const COUNTRIES: readonly (readonly [code: string, grouping: Grouping])[] = [
  ['1', northAmerica],
  ['33', france],
  ['34', spain],
  ['44', unitedKingdom],
  ['49', germany],
  ['351', portugal],
];

/** Writes one group. */
type Reading = (group: string) => string;

/** `0-5`: digit by digit. */
const inDigits: Reading = spell;

/** `05`: as a number. Four digits are two pairs: one number they would be far too large. */
const inNumbers: Reading = (group) =>
  group.length < 4 ? group : `${inNumbers(group.slice(0, -2))} ${group.slice(-2)}`;

/** How a language reads phone numbers, and how its own country groups them. */
export interface PhoneStyle {
  home: Grouping;
  reading: Reading;
}

export const PHONES_EN: PhoneStyle = { home: unitedKingdom, reading: inDigits };
export const PHONES_FR: PhoneStyle = { home: france, reading: inNumbers };
export const PHONES_DE: PhoneStyle = { home: germany, reading: inDigits };
export const PHONES_ES: PhoneStyle = { home: spain, reading: inNumbers };
export const PHONES_PT: PhoneStyle = { home: portugal, reading: inDigits };

/** From six digits, and at most what ITU-T E.164 §6 allows (15) with a trunk prefix. */
const MIN_DIGITS = 6;
const MAX_DIGITS = 16;
const LOCAL = /^0\d+$/;
/**
 * With dashes between digits too: unlike `01-02-2020` it can be nothing else. 00 is what Europe dials for +; no area code
 * begins with it.
 */
const INTERNATIONAL = /^(\+|00(?=[1-9]\d+$))(\d+(?:-\d+)*)$/;

export function phoneRule({ home, reading }: PhoneStyle): (word: string) => string | undefined {
  return (word) => {
    const [, prefix, number = ''] = INTERNATIONAL.exec(word) ?? [];
    const digits = number.replaceAll('-', '');
    const [code, grouping] = COUNTRIES.find(([code]) => digits.startsWith(code)) ?? [];
    if (code !== undefined && grouping !== undefined && hasPhoneLength(digits)) {
      const dialled = prefix === '+' ? `+${code}` : `${reading('00')} ${code}`;
      return `${dialled} ${grouped(digits.slice(code.length), grouping, reading)}`;
    }
    return LOCAL.test(word) && hasPhoneLength(word) ? grouped(word, home, reading) : undefined;
  };
}

function hasPhoneLength({ length }: string): boolean {
  return length >= MIN_DIGITS && length <= MAX_DIGITS;
}

/** A trunk prefix goes with the first group, also where it is too much: `+33 05 56 …`. */
function grouped(digits: string, grouping: Grouping, reading: Reading): string {
  const trunk = digits.startsWith('0') ? 1 : 0;
  const groups: string[] = [];
  let at = 0;
  for (const length of grouping(digits.slice(trunk))) {
    const end = at + length + (at === 0 ? trunk : 0);
    groups.push(reading(digits.slice(at, end)));
    at = end;
  }
  return groups.join(' ');
}
