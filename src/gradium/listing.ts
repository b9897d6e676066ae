/**
 * Lists of the service's, page by page.
 * Not here: what their entries are, which route gives them.
 */
import { protocolError } from '../speech/index.js';
import type { Listing } from './rest-types.js';

export interface Page<T> {
  entries: T[];
  /** Of the whole list, where the service says so. */
  total?: number | undefined;
}

/** Asks for one page. */
export type PageReader<T> = (skip: number, pageSize: number) => Promise<Page<T>>;

/** Pages in a row that bring nothing new. One may come about when entries are added meanwhile. */
const MAX_REPEATED_PAGES = 1;
/** The service's own size of a page. How much more of a `limit` it grants nobody says: a page of that many may be cut. */
const GRANTED_PAGE = 100;

export class PagedListing<T extends { id: string }> implements Listing<T> {
  readonly #skip: number;
  readonly #pageSize: number;
  readonly #read: PageReader<T>;

  constructor({ skip, pageSize }: { skip: number; pageSize: number }, read: PageReader<T>) {
    this.#skip = skip;
    this.#pageSize = pageSize;
    this.#read = read;
  }

  async toArray(): Promise<T[]> {
    const all: T[] = [];
    for await (const entry of this) all.push(entry);
    return all;
  }

  /** No entry twice, though the list may shift between two pages. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    const seen = new Set<string>();
    let repeated = 0;
    for (let skip = this.#skip; ; ) {
      const { entries, total } = await this.#read(skip, this.#pageSize);
      const known = seen.size;
      for (const entry of entries) {
        if (seen.has(entry.id)) continue;
        seen.add(entry.id);
        yield entry;
      }
      skip += entries.length;
      if (this.#isLast(entries.length, skip, total)) return;
      repeated = seen.size > known ? 0 : repeated + 1;
      if (repeated > MAX_REPEATED_PAGES) throw repeatedError();
    }
  }

  #isLast(length: number, skip: number, total: number | undefined): boolean {
    if (length === 0) return true;
    return total === undefined ? length < Math.min(this.#pageSize, GRANTED_PAGE) : skip >= total;
  }
}

function repeatedError(): Error {
  const nobody = { phase: 'stream', requestId: undefined, secrets: [] } as const;
  return protocolError('a list that gives the same page again and again', nobody);
}
