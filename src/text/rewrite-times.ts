/**
 * Dates, and times of the day.
 * Not here: which of them a language has (rewrite-rules.ts).
 */

const DATE = /^(\d{1,2})\/(\d{1,2})(?:\/(\d{4}|\d\d))?$/;

/** `12/31/2020`, with the day or the month first; a year of two digits or four, or none. */
export function rewriteDate(word: string): string | undefined {
  const [, first, second, year] = DATE.exec(word) ?? [];
  if (first === undefined || second === undefined) return undefined;
  const [low = 0, high = 0] = [Number(first), Number(second)].sort((a, b) => a - b);
  if (low < 1 || low > 12 || high > 31) return undefined;
  return year === undefined ? `${first}-${second}` : `${first}-${second} ${year}`;
}

/** Reads one time and writes it as it is to be spoken. */
type Clock = (time: string) => string | undefined;

const ENGLISH_TIME = /^(\d{1,2})(?:[:.](\d\d))?([ap]\.?m)?$/i;
const FRENCH_TIME = /^(\d{1,2})(?:[:h](\d\d)|h)$/i;
const GERMAN_TIME = /^(\d{1,2})[:.](\d\d)$/;

/** `3:45PM`. A whole hour (`3PM`) is one with its marker alone, and kept: AlNum would spell it. */
const englishTime: Clock = (time) => {
  const [, hour, minute, half] = ENGLISH_TIME.exec(time) ?? [];
  if (hour === undefined || (minute ?? half) === undefined) return undefined;
  if (!(half === undefined ? isTime(hour, minute) : isHalfDayTime(hour, minute))) return undefined;
  return minute === undefined ? time : `${hour}.${minute}${half ?? ''}`;
};

/** `9h15`, `9h`, `14:00`. */
const frenchTime: Clock = (time) => {
  const [, hour, minute] = FRENCH_TIME.exec(time) ?? [];
  return isTime(hour, minute) ? `${hour}h${minute ?? ''}` : undefined;
};

const germanTime: Clock = (time) => {
  const [, hour, minute] = GERMAN_TIME.exec(time) ?? [];
  return isTime(hour, minute) ? `${hour}.${minute}` : undefined;
};

/** 0:00 to 24:00. */
function isTime(hour: string | undefined, minute = '00'): boolean {
  return Number(hour) * 60 + Number(minute) <= 24 * 60 && Number(minute) < 60;
}

/** 12 h before noon, or after. */
function isHalfDayTime(hour: string, minute = '00'): boolean {
  return Number(hour) >= 1 && Number(hour) <= 12 && Number(minute) < 60;
}

/** A time, or two with a dash between: opening hours are written so. */
function timeRule(clock: Clock): Clock {
  return (word) => {
    const dash = word.indexOf('-');
    if (dash < 0) return clock(word);
    const from = clock(word.slice(0, dash));
    const to = from && clock(word.slice(dash + 1));
    return to && `${from}-${to}`;
  };
}

export const rewriteTimeEn = timeRule(englishTime);
export const rewriteTimeFr = timeRule(frenchTime);
export const rewriteTimeDe = timeRule(germanTime);
