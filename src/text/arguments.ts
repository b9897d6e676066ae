/**
 * What the functions of this folder ask of their arguments.
 * Not here: what they do with them.
 */
import { argumentRangeError, argumentTypeError } from '../errors.js';

export function checkString(name: string, value: string): void {
  if (typeof value !== 'string') throw argumentTypeError(`${name} must be a string, got ${typeof value}`);
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
