/**
 * Large numbers, with words for their thousands: `2500000` is `2 million 500 thousand`.
 * Not here: digits that count nothing (rewrite-phones.ts, rewrite-spelling.ts).
 */

/** A language's way with numbers. */
export interface NumberWords {
  minus: string;
  /** What may stand between groups of three digits. */
  groupMarks: string;
  decimalMark: string;
  /** A whole number from 1000, in at most `MAX_DIGITS` digits. */
  inWords(digits: string): string;
}

/** Below 10^12: the specification names no more than thousands of millions. What is larger is kept. */
const MAX_DIGITS = 12;

/** A number of one thing, and of more than one. */
type Word = readonly [one: string, many: string];

/** The words of a language for 10^3, 10^6 and 10^9, with the number before them: `1 million`, `2 millions`; `mille`. */
interface Scale {
  thousand: Word;
  million: Word;
  /** Spanish has no word for it and counts thousands of millions. */
  billion?: Word;
}

function inWords({ thousand, million, billion }: Scale): (digits: string) => string {
  const counted = (number: number, [one, many]: Word): string => {
    if (number === 0) return '';
    return number === 1 ? one : `${belowMillion(number)} ${many}`;
  };
  const belowMillion = (number: number): string =>
    joined(counted(Math.floor(number / 1e3), thousand), number % 1e3 === 0 ? '' : String(number % 1e3));
  return (digits) => {
    const number = Number(digits);
    const billions = billion === undefined ? 0 : Math.floor(number / 1e9);
    return joined(
      billion === undefined ? '' : counted(billions, billion),
      counted(Math.floor((number - billions * 1e9) / 1e6), million),
      belowMillion(number % 1e6),
    );
  };
}

function joined(...parts: string[]): string {
  return parts.filter((part) => part !== '').join(' ');
}

export const NUMBERS_EN: NumberWords = {
  minus: 'minus',
  groupMarks: ',',
  decimalMark: '.',
  inWords: inWords({
    thousand: ['1 thousand', 'thousand'],
    million: ['1 million', 'million'],
    billion: ['1 billion', 'billion'],
  }),
};

/** Groups are divided by spaces, which end the word, or in Switzerland by apostrophes. */
export const NUMBERS_FR: NumberWords = {
  minus: 'moins',
  groupMarks: "'",
  decimalMark: ',',
  inWords: inWords({
    thousand: ['mille', 'mille'],
    million: ['1 million', 'millions'],
    billion: ['1 milliard', 'milliards'],
  }),
};

export const NUMBERS_DE: NumberWords = {
  minus: 'minus',
  groupMarks: ".'",
  decimalMark: ',',
  inWords: inWords({
    thousand: ['1 Tausend', 'Tausend'],
    million: ['1 Million', 'Millionen'],
    billion: ['1 Milliarde', 'Milliarden'],
  }),
};

export const NUMBERS_ES: NumberWords = {
  minus: 'menos',
  groupMarks: '.',
  decimalMark: ',',
  inWords: inWords({ thousand: ['mil', 'mil'], million: ['1 millón', 'millones'] }),
};

export const NUMBERS_PT: NumberWords = {
  minus: 'menos',
  groupMarks: '.',
  decimalMark: ',',
  inWords: inWords({
    thousand: ['mil', 'mil'],
    million: ['1 milhão', 'milhões'],
    billion: ['1 bilhão', 'bilhões'],
  }),
};

export function numberRule(words: NumberWords): (word: string) => string | undefined {
  const pattern = numberPattern(words);
  return (word) => {
    const [, sign, whole, groupMark, fraction = ''] = pattern.exec(word) ?? [];
    if (whole === undefined) return undefined;
    const digits = groupMark === undefined ? whole : whole.replaceAll(groupMark, '');
    if (digits.length < 4 || digits.length > MAX_DIGITS) return word;
    if (isYear(word)) return word;
    // 1000.5 has no digits in front that the fraction could follow.
    if (fraction !== '' && digits.endsWith('000')) return word;
    return `${sign ? `${words.minus} ` : ''}${words.inWords(digits)}${fraction}`;
  };
}

/**
 * Sign, whole part, group mark, fraction with its mark. No leading zero: that is a phone number or a code. Nor `+`: so
 * begin phone numbers.
 */
function numberPattern({ groupMarks, decimalMark }: NumberWords): RegExp {
  const grouped = `[1-9]\\d{0,2}([${groupMarks}])\\d{3}(?:\\3\\d{3})*`;
  return new RegExp(`^(-?)(0|[1-9]\\d*|${grouped})([${decimalMark}]\\d+)?$`);
}

/** Written as one: 2,020 and -2020 are none. */
function isYear(word: string): boolean {
  return word.length === 4 && Number(word) >= 1900 && Number(word) <= 2100;
}
