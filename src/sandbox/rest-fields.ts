/**
 * The fields of a request's body, form or query, checked one by one as pydantic does: all that is wrong is collected, and
 * said at once by a 422.
 * Not here: how bodies are read (rest-body.ts, rest-form.ts), which fields there are (rest-*.ts).
 */
import { type Issue, RestError } from './rest-answer.js';

/** In characters. */
interface Size {
  least?: number;
  most?: number;
}

interface Range {
  least?: number;
  most?: number;
  /** It must be more than this. */
  above?: number;
}

/** Null counts as absent but where a value is required. Text is taken for a number or a truth value that it spells. */
export class RestFields {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #loc: readonly (string | number)[];
  readonly #issues: Issue[];

  /** @param loc where they are, such as `body` */
  constructor(values: object, loc: readonly (string | number)[], issues: Issue[] = []) {
    this.#values = values as Record<string, unknown>;
    this.#loc = loc;
    this.#issues = issues;
  }

  /** @throws RestError 422 when anything was wrong with what was asked for so far */
  check(): void {
    if (this.#issues.length > 0) throw new RestError(422, this.#issues);
  }

  /** Whether it is there, and null. */
  isNull(name: string): boolean {
    return this.#values[name] === null;
  }

  /** Something else when it is wrong, as with the others: `check` tells. */
  text(name: string, size: Size = {}): string {
    if (this.#values[name] === undefined) {
      this.#say(name, 'missing', 'Field required');
      return '';
    }
    if (this.isNull(name)) this.#say(name, 'string_type', 'Input should be a valid string');
    return this.optionalText(name, size) ?? '';
  }

  optionalText(name: string, { least = 0, most = Infinity }: Size = {}): string | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'string') return this.#say(name, 'string_type', 'Input should be a valid string');
    const length = [...value].length;
    if (length < least)
      return this.#say(name, 'string_too_short', `String should have at least ${count(least)}`);
    if (length > most) return this.#say(name, 'string_too_long', `String should have at most ${count(most)}`);
    return value;
  }

  word(name: string, words: readonly string[]): string {
    if (this.#get(name) === undefined) return this.text(name);
    return this.optionalWord(name, words) ?? '';
  }

  optionalWord(name: string, words: readonly string[]): string | undefined {
    const value = this.#get(name);
    if (value === undefined || (words as readonly unknown[]).includes(value))
      return value as string | undefined;
    return this.#say(name, 'enum', `Input should be ${listed(words)}`);
  }

  number(name: string, range: Range = {}): number | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    const number = numberOf(value);
    if (number === undefined) return this.#say(name, ...unparsed(value, 'float', 'a valid number'));
    if (!Number.isFinite(number)) return this.#say(name, 'finite_number', 'Input should be a finite number');
    return this.#inRange(name, number, range);
  }

  integer(name: string, range: Range = {}): number | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    const number = numberOf(value);
    if (number === undefined || (typeof value === 'string' && !Number.isInteger(number))) {
      return this.#say(name, ...unparsed(value, 'int', 'a valid integer', 'an integer'));
    }
    if (!Number.isInteger(number)) {
      const msg = 'Input should be a valid integer, got a number with a fractional part';
      return this.#say(name, 'int_from_float', msg);
    }
    return this.#inRange(name, number, range);
  }

  boolean(name: string): boolean | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    const word = String(value).toLowerCase();
    if (TRUE.has(word)) return true;
    if (FALSE.has(word)) return false;
    const msg = 'Input should be a valid boolean';
    return typeof value === 'string'
      ? this.#say(name, 'bool_parsing', `${msg}, unable to interpret input`)
      : this.#say(name, 'bool_type', msg);
  }

  /** An object's own fields; empty where it is absent. */
  object(name: string): RestFields {
    const value = this.#get(name) ?? {};
    return this.#fieldsOf(value, [...this.#loc, name]);
  }

  /** A list of objects; undefined: it is absent. */
  objects(name: string): RestFields[] | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) return this.#say(name, 'list_type', 'Input should be a valid list');
    return value.map((item, i) => this.#fieldsOf(item, [...this.#loc, name, i]));
  }

  /** Each with its value. */
  entries(): [name: string, value: unknown][] {
    return Object.entries(this.#values);
  }

  /** Adds an issue about this field. Gives nothing, so that `return fields.say(…)` does. */
  say(name: string, type: string, msg: string): undefined {
    return this.#say(name, type, msg);
  }

  #fieldsOf(value: unknown, loc: (string | number)[]): RestFields {
    if (isObject(value)) return new RestFields(value, loc, this.#issues);
    this.#issues.push({ loc, ...NO_OBJECT });
    return new RestFields({}, loc); // issues of what is not there mean nothing
  }

  #inRange(
    name: string,
    value: number,
    { least = -Infinity, most = Infinity, above }: Range,
  ): number | undefined {
    const rule = 'Input should be';
    if (above !== undefined && value <= above) {
      return this.#say(name, 'greater_than', `${rule} greater than ${above}`);
    }
    if (value < least)
      return this.#say(name, 'greater_than_equal', `${rule} greater than or equal to ${least}`);
    if (value > most) return this.#say(name, 'less_than_equal', `${rule} less than or equal to ${most}`);
    return value;
  }

  #get(name: string): unknown {
    return this.#values[name] ?? undefined;
  }

  #say(name: string, type: string, msg: string): undefined {
    this.#issues.push({ loc: [...this.#loc, name], msg, type });
  }
}

/** For what should be an object and is none. */
export const NO_OBJECT = {
  msg: 'Input should be a valid dictionary or object to extract fields from',
  type: 'model_attributes_type',
};

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const TRUE = new Set(['true', '1', 'yes', 'on', 't', 'y']);
const FALSE = new Set(['false', '0', 'no', 'off', 'f', 'n']);

/** Undefined: it is none. */
function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || !/^\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?\s*$/iu.test(value))
    return undefined;
  return Number(value);
}

function unparsed(
  value: unknown,
  type: string,
  wanted: string,
  spelled = 'a number',
): [type: string, msg: string] {
  if (typeof value !== 'string') return [`${type}_type`, `Input should be ${wanted}`];
  return [`${type}_parsing`, `Input should be ${wanted}, unable to parse string as ${spelled}`];
}

function count(characters: number): string {
  return `${characters} ${characters === 1 ? 'character' : 'characters'}`;
}

/** 'en', 'fr' or 'de' */
function listed(words: readonly string[]): string {
  const quoted = words.map((word) => `'${word}'`);
  return `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`;
}
