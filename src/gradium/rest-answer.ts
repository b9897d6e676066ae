/**
 * Reading what a REST route answered, field by field: what is not as it should be is named, and never quoted.
 * Not here: what the fields mean (voices.ts and its neighbours), asking (rest.ts).
 */

/** An answer of the wrong shape; the message says where. */
export class UnexpectedAnswer extends Error {}

/** One object of an answer. Null and absent are the same; fields that nobody asks for do not matter. */
export class AnswerObject {
  readonly #fields: Record<string, unknown>;
  /** Where it stands, as in `dictionaries[2].`; empty for the answer itself. */
  readonly #at: string;

  /** @throws UnexpectedAnswer when it is no object */
  constructor(value: unknown, at = '') {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new UnexpectedAnswer(`${at === '' ? 'the answer' : at} is not an object`);
    }
    this.#fields = value as Record<string, unknown>;
    this.#at = at === '' ? '' : `${at}.`;
  }

  /** What the service tells things apart by: a text that is not empty. */
  id(name: string): string {
    return this.#required(name, this.optionalText(name) || undefined);
  }

  text(name: string): string {
    return this.#required(name, this.optionalText(name));
  }

  optionalText(name: string): string | undefined {
    return this.#optional(name, 'a string', (value) => typeof value === 'string') as string | undefined;
  }

  flag(name: string): boolean {
    return this.#required(name, this.optionalFlag(name));
  }

  optionalFlag(name: string): boolean | undefined {
    return this.#optional(name, 'true or false', (value) => typeof value === 'boolean') as
      | boolean
      | undefined;
  }

  number(name: string): number {
    return this.#required(name, this.optionalNumber(name));
  }

  optionalNumber(name: string): number | undefined {
    return this.#optional(name, 'a number', Number.isFinite) as number | undefined;
  }

  date(name: string): Date {
    return this.#required(name, this.optionalDate(name));
  }

  /** ISO 8601. Without an offset it is UTC, as Python's servers write it, not the reader's own time. */
  optionalDate(name: string): Date | undefined {
    const text = this.optionalText(name);
    if (text === undefined) return undefined;
    const date = new Date(/[T ][\d:.]+$/.test(text) ? `${text}Z` : text);
    if (Number.isNaN(date.getTime())) throw this.#unlike(name, 'a date');
    return date;
  }

  /** As it came. */
  optionalObject(name: string): Record<string, unknown> | undefined {
    const isObject = (value: unknown) => typeof value === 'object' && !Array.isArray(value);
    return this.#optional(name, 'an object', isObject) as Record<string, unknown> | undefined;
  }

  /** An object of lists of texts. */
  textLists(name: string): Record<string, string[]> {
    const lists = this.#required(name, this.optionalObject(name));
    for (const [key, list] of Object.entries(lists)) {
      if (Array.isArray(list) && list.every((entry) => typeof entry === 'string')) continue;
      throw this.#unlike(`${name}.${key}`, 'a list of strings');
    }
    return lists as Record<string, string[]>;
  }

  list<T>(name: string, read: (entry: AnswerObject) => T): T[] {
    return this.#required(name, this.optionalList(name, read));
  }

  optionalList<T>(name: string, read: (entry: AnswerObject) => T): T[] | undefined {
    const list = this.#optional(name, 'a list', Array.isArray) as unknown[] | undefined;
    return list && readList(list, read, `${this.#at}${name}`);
  }

  #optional(name: string, what: string, is: (value: unknown) => boolean): unknown {
    const value = this.#fields[name] ?? undefined;
    if (value === undefined || is(value)) return value;
    throw this.#unlike(name, what);
  }

  #required<T>(name: string, value: T | undefined): T {
    if (value !== undefined) return value;
    throw new UnexpectedAnswer(`it has no ${this.#at}${name}`);
  }

  #unlike(name: string, what: string): UnexpectedAnswer {
    return new UnexpectedAnswer(`${this.#at}${name} is not ${what}`);
  }
}

/** @throws UnexpectedAnswer when it is no list of objects */
export function readList<T>(value: unknown, read: (entry: AnswerObject) => T, at = ''): T[] {
  if (!Array.isArray(value)) throw new UnexpectedAnswer(`${at === '' ? 'the answer' : at} is not a list`);
  return value.map((entry, i) => read(new AnswerObject(entry, `${at}[${i}]`)));
}
