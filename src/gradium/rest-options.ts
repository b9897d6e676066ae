/**
 * Arguments of the REST calls, checked.
 * Not here: those that speech takes as well (stt-setup.ts).
 */
import { argumentRangeError, argumentTypeError } from '../errors.js';
import type { ListOptions } from './rest-types.js';
import { checkNumber, checkText } from './stt-setup.js';

/** A text that must be there, and not be empty. @param maxChars in characters, as the service counts: code points */
export function requiredText(name: string, value: unknown, maxChars = Number.POSITIVE_INFINITY): string {
  if (value === undefined) throw argumentTypeError(`${name} must be a string, got undefined`);
  const text = checkText(name, value) as string;
  // One code point takes one or two of the units that `length` counts.
  const chars = text.length <= maxChars || text.length > 2 * maxChars ? text.length : [...text].length;
  if (chars <= maxChars) return text;
  throw argumentRangeError(`${name} may have up to ${maxChars} characters, got ${chars}`);
}

export function optionalText(name: string, value: unknown, maxChars?: number): string | undefined {
  return value === undefined ? undefined : requiredText(name, value, maxChars);
}

/** What null takes away; an empty text is one. */
export function nullableText(name: string, value: unknown): string | null | undefined {
  if (value === undefined || value === null || typeof value === 'string') return value;
  throw argumentTypeError(`${name} must be a string or null, got ${typeof value}`);
}

export function optionalFlag(name: string, value: unknown): boolean | undefined {
  if (value === undefined || typeof value === 'boolean') return value;
  throw argumentTypeError(`${name} must be true or false`);
}

/** From 0, with no end. */
export function optionalSeconds(name: string, value: unknown): number | undefined {
  return checkNumber(name, value, 0, Number.MAX_VALUE);
}

/**
 * An id as one segment of a path: whatever is in it, the route stays the same. `.` and `..` are
 * steps of a path however they are written (WHATWG URL §4.1, "double-dot URL path segment").
 */
export function pathId(value: unknown): string {
  const id = requiredText('id', value);
  if (id === '.' || id === '..') throw argumentRangeError(`id must not be ${JSON.stringify(id)}`);
  if (/\p{Surrogate}/u.test(id)) throw argumentRangeError('id holds half a character (a lone surrogate)');
  return encodeURIComponent(id);
}

export function checkedRetries(value: unknown): number {
  return checkNumber('retries', value, 0, 1000, true) ?? 4;
}

export function checkedPage({ skip, pageSize }: ListOptions): { skip: number; pageSize: number } {
  return {
    skip: checkNumber('skip', skip, 0, Number.MAX_SAFE_INTEGER, true) ?? 0,
    pageSize: checkNumber('pageSize', pageSize, 1, 1000, true) ?? 100,
  };
}

/** The service's `n_samples`. */
export function checkedSamples(value: unknown): number | undefined {
  return checkNumber('samples', value, 1, 5, true);
}

/** For what is to change something: an empty change is a mistake, and most often a misspelt name. */
export function requireChange(changes: Record<string, unknown>, names: readonly string[]): void {
  if (Object.keys(changes).length > 0) return;
  throw argumentRangeError(`nothing to change: name one of ${names.join(', ')}`);
}

export function requireObject(name: string, value: unknown): void {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return;
  throw argumentTypeError(`${name} must be an object`);
}
