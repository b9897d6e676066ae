/**
 * Who may use the sandbox: keys, and tokens that are good for one connection.
 * Not here: how a refusal is worded on each way in (front.ts, connection.ts).
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { ProtocolError } from './protocol.js';
import { queryOf } from './routes.js';

/** Tokens that wait to be used, at most; the oldest go first. */
const MAX_TOKENS = 10_000;

export interface AccessOptions {
  /** Undefined: any key, and any token, will do. */
  keys: readonly string[] | undefined;
  tokenTtlS: number;
}

export class Access {
  readonly #keys: ReadonlySet<string> | undefined;
  readonly #tokenTtlMs: number;
  readonly #now: () => number;
  /** When each expires. */
  readonly #tokens = new Map<string, number>();

  constructor({ keys, tokenTtlS }: AccessOptions, now: () => number = Date.now) {
    this.#keys = keys === undefined ? undefined : new Set(keys);
    this.#tokenTtlMs = tokenTtlS * 1000;
    this.#now = now;
  }

  /** What is wrong with an HTTP request's key; undefined: nothing. */
  denyRequest(request: IncomingMessage): ProtocolError | undefined {
    const key = keyOf(request);
    if (key !== undefined) return this.#denyKey(key);
    // A token is for connections; but where anything will do, it will.
    return this.#keys === undefined && tokenOf(request) !== undefined ? undefined : noKey();
  }

  /** What is wrong with an upgrade's key or token; undefined: nothing, and the token is used up. */
  denyUpgrade(request: IncomingMessage): ProtocolError | undefined {
    const token = tokenOf(request);
    if (keyOf(request) !== undefined || token === undefined || this.#keys === undefined) {
      return this.denyRequest(request);
    }
    const expires = this.#tokens.get(token);
    this.#tokens.delete(token);
    if (expires !== undefined && this.#now() < expires) return undefined;
    return new ProtocolError('token is unknown, used or expired');
  }

  mintToken(): { token: string; expires_at: string } {
    const now = this.#now();
    for (const [token, expires] of this.#tokens) {
      if (expires > now && this.#tokens.size < MAX_TOKENS) break;
      this.#tokens.delete(token);
    }
    const token = `sandbox_${randomUUID()}`;
    const expires = now + this.#tokenTtlMs;
    this.#tokens.set(token, expires);
    return { token, expires_at: `${new Date(expires).toISOString().slice(0, 19)}Z` };
  }

  #denyKey(key: string): ProtocolError | undefined {
    if (this.#keys?.has(key) ?? true) return undefined;
    return new ProtocolError('API key is revoked or expired'); // the service's words for any wrong key
  }
}

function noKey(): ProtocolError {
  return new ProtocolError('no API key: send it in the x-api-key header');
}

/** The two headers that the service looks in. */
function keyOf({ headers }: IncomingMessage): string | undefined {
  const header = headers['x-api-key'];
  if (typeof header === 'string' && header !== '') return header;
  return /^Api-Key\s+(\S+)\s*$/iu.exec(headers.authorization ?? '')?.[1];
}

function tokenOf(request: IncomingMessage): string | undefined {
  return queryOf(request).get('token') || undefined;
}
