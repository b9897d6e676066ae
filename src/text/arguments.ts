/**
 * What the functions of this folder ask of their arguments.
 * Not here: what they do with them.
 */
import { argumentRangeError, argumentTypeError } from '../errors.js';

/** Of what the caller wrote as much as a message holds. */
export function excerpt(value: string): string {
  return value.slice(0, 40);
}

export function checkString(name: string, value: string): void {
  if (typeof value !== 'string') throw argumentTypeError(`${name} must be a string, got ${typeof value}`);
}

/** @throws TypeError, RangeError ERR_INVALID_ARG for what is empty but for white space */
export function checkNotBlank(name: string, value: string): void {
  checkString(name, value);
  if (value.trim() === '') throw argumentRangeError(`${name} must not be empty`);
}

/** Letters and digits on end. */
export const WORD = /[\p{L}\p{N}]+/gu;

/** @throws TypeError, RangeError ERR_INVALID_ARG for what holds no word */
export function checkWords(name: string, value: string): string {
  checkString(name, value);
  if (value.search(WORD) >= 0) return value;
  throw argumentRangeError(`${name} must hold a word, got ${JSON.stringify(excerpt(value))}`);
}

export function checkMaxChars(maxChars: number): number {
  if (typeof maxChars !== 'number') {
    throw argumentTypeError(`maxChars must be a number, got ${typeof maxChars}`);
  }
  if (!Number.isInteger(maxChars) || maxChars < 1) {
    throw argumentRangeError(`maxChars must be a whole number from 1, got ${maxChars}`);
  }
  return maxChars;
}
