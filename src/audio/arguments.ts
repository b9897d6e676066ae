/**
 * Checks of options objects that several functions share. Single values are checked by the addon itself, which
 * throws TypeError or RangeError with a code and with what it got.
 */
import { argumentRangeError, argumentTypeError } from '../errors.js';

/** A value as an error message shows it. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return `'${value.length > 40 ? `${value.slice(0, 40)}…` : value}'`;
  if (typeof value === 'number' || value === undefined || value === null) return String(value);
  if (typeof value === 'object') return Array.isArray(value) ? 'an array' : 'an object';
  return `a ${typeof value}`;
}

/** @throws TypeError ERR_INVALID_ARG unless `options` is an object. */
export function requireOptions(options: unknown, caller: string): asserts options is object {
  if (typeof options !== 'object' || options === null)
    throw argumentTypeError(`${caller} needs an options object, got ${describe(options)}`);
}

/** @throws TypeError or RangeError ERR_INVALID_ARG unless `value` is one of `words`. */
export function requireWord<T extends string>(value: unknown, name: string, words: readonly T[]): T {
  if ((words as readonly unknown[]).includes(value)) return value as T;
  const message = `${name} must be one of ${words.map((w) => `'${w}'`).join(', ')}, got ${describe(value)}`;
  throw typeof value === 'string' ? argumentRangeError(message) : argumentTypeError(message);
}

/** @throws TypeError ERR_INVALID_ARG, RangeError ERR_INVALID_OPTION unless `value` is a number from `min` to `max`. */
export function requireNumber(value: unknown, name: string, min: number, max: number): number {
  if (typeof value !== 'number') throw argumentTypeError(`${name} must be a number, got ${describe(value)}`);
  if (value >= min && value <= max) return value;
  throw argumentRangeError(
    `${name} must be a number from ${min} to ${max}, got ${value}`,
    'ERR_INVALID_OPTION',
  );
}

const typedArray = Object.getPrototypeOf(Uint8Array.prototype);
const nameOf = Object.getOwnPropertyDescriptor(typedArray, Symbol.toStringTag)?.get as () =>
  | string
  | undefined;
const lengthGetter = Object.getOwnPropertyDescriptor(typedArray, 'length')?.get as () => number;

/**
 * Elements of a typed array, for the room that its work needs. Its own: not what someone defined as its `length`. 0 for
 * all else, which is left to the addon to refuse.
 */
export function lengthOf(value: unknown): number {
  return nameOf.call(value) === undefined ? 0 : lengthGetter.call(value);
}

/**
 * A new array of `length` elements, for results.
 *
 * @throws RangeError ERR_TOO_LARGE where there is no memory for it, or no array is that long.
 */
export function roomFor<T>(ArrayType: new (length: number) => T, length: number): T {
  try {
    return new ArrayType(length);
  } catch {
    throw argumentRangeError(
      `There is not enough memory for ${length} elements; work in smaller chunks.`,
      'ERR_TOO_LARGE',
    );
  }
}
