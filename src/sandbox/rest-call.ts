/**
 * What a handler of REST gets, and what several of them need.
 * Not here: the handlers (rest-voices.ts and its neighbours), which path leads to them (rest-routes.ts).
 */
import type { IncomingMessage } from 'node:http';
import type { Account } from './account.js';
import type { Mode } from './modes.js';
import type { RestAnswer } from './rest-answer.js';

/** A request whose key is good. */
export interface RestCall {
  request: IncomingMessage;
  /** What the path has in place of each `{id}`. */
  ids: readonly string[];
  account: Account;
  mode: Mode;
  mintToken: () => object;
}

/** @throws RestError; the system's error when the client breaks off */
export type RestHandler = (call: RestCall) => RestAnswer | Promise<RestAnswer>;

/** Of voices: what they speak. */
export const LANGUAGES = ['en', 'fr', 'es', 'pt', 'de'];

/** A limit of 0 is none. */
export function page<T>(items: readonly T[], skip: number, limit: number): T[] {
  return items.slice(skip, limit === 0 ? undefined : skip + limit);
}

/** What is there of changes. */
export function given<T extends object>(changes: T): { [Name in keyof T]?: Exclude<T[Name], undefined> } {
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)) as never;
}
