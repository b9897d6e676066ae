/**
 * Who is asking, and where: keys, tokens, addresses (wire reference, section 1.1).
 * Not here: asking.
 */
import { argumentTypeError } from '../errors.js';
import { restUrl, socketUrl, type Target } from '../speech/index.js';
import type { Route } from './channel.js';
import type { GradiumOptions } from './types.js';

/** Where the Gradium API lives, unless `baseUrl` or GRADIUM_BASE_URL says otherwise (wire reference, section 1.1). */
export const DEFAULT_BASE_URL = 'https://api.gradium.ai/api';

const ROUTES: Record<Route, string> = { stt: 'speech/asr', tts: 'speech/tts', s2s: 'speech/s2s' };
/** By which the service tells its clients apart. */
const SOURCE = 'sluice-audio';
const KEY_HEADERS = ['x-api-key', 'authorization'];

export class Access {
  readonly #baseUrl: string;
  readonly #selfHosted: boolean;
  readonly #headers: Record<string, string>;
  readonly #apiKey: string | undefined;
  readonly #token: GradiumOptions['token'];
  readonly #secrets: readonly string[];

  /** @throws TypeError ERR_NO_API_KEY without a key; TypeError ERR_INVALID_ARG */
  constructor(options: GradiumOptions) {
    this.#baseUrl = checkedBase(options.baseUrl ?? (process.env.GRADIUM_BASE_URL || DEFAULT_BASE_URL));
    this.#selfHosted = checkedFlag('selfHosted', options.selfHosted);
    const extra = checkedHeaders(options.headers);
    this.#token = checkedToken(options.token);
    const brings = this.#token !== undefined || KEY_HEADERS.some((name) => name in extra);
    // A key of the environment must not stand beside a token or a header that were chosen on purpose.
    this.#apiKey = checkedKey(options.apiKey ?? (brings ? undefined : process.env.GRADIUM_API_KEY), brings);
    this.#headers = { 'x-api-source': SOURCE, ...this.#keyHeader(), ...extra };
    this.#secrets = [this.#apiKey, ...Object.values(extra)].filter((secret) => secret !== undefined);
  }

  /** Of a WebSocket. With a function for a token this asks for a new one. */
  socket(route: Route): Target | Promise<Target> {
    const url = socketUrl(this.#baseUrl, this.#selfHosted ? '' : ROUTES[route]);
    const token = this.#token;
    if (token === undefined) return { url, headers: this.#headers, secrets: this.#secrets };
    if (typeof token === 'string') return this.#withToken(url, token);
    return this.#fetched(url, token);
  }

  /**
   * Of an HTTP request.
   * @param path such as `post/speech/tts`
   * @throws TypeError ERR_NO_API_KEY when there is but a token: it opens a WebSocket, and nothing else
   */
  rest(path: string): Target {
    if (this.#token !== undefined && this.#apiKey === undefined)
      throw noKey('a token opens WebSockets alone; ');
    return { url: restUrl(this.#baseUrl, path), headers: this.#headers, secrets: this.#secrets };
  }

  /** Also after a rejection: `async` makes one of what the function throws. */
  async #fetched(url: URL, token: () => string | Promise<string>): Promise<Target> {
    return this.#withToken(url, await token());
  }

  #withToken(url: URL, token: string): Target {
    url.searchParams.set('token', checkedSecret('token', token));
    return { url, headers: this.#headers, secrets: [...this.#secrets, token, encodeURIComponent(token)] };
  }

  #keyHeader(): Record<string, string> {
    if (this.#apiKey === undefined) return {};
    return this.#selfHosted ? { authorization: `Api-Key ${this.#apiKey}` } : { 'x-api-key': this.#apiKey };
  }
}

function checkedBase(value: unknown): string {
  if (typeof value !== 'string') throw argumentTypeError('baseUrl must be a string');
  socketUrl(value, '');
  return value;
}

function checkedFlag(name: string, value: unknown): boolean {
  if (value === undefined || typeof value === 'boolean') return value ?? false;
  throw argumentTypeError(`${name} must be true or false`);
}

function checkedToken(value: unknown): GradiumOptions['token'] {
  if (value === undefined || typeof value === 'function') return value as GradiumOptions['token'];
  return checkedSecret('token', value);
}

/** The key is never quoted; its prefix is not checked, for there are several. */
function checkedKey(value: unknown, optional: boolean): string | undefined {
  if (value === undefined && optional) return undefined;
  if (value !== undefined && typeof value !== 'string') throw argumentTypeError('apiKey must be a string');
  const key = value?.trim();
  if (!key) throw noKey('');
  return checkedSecret('apiKey', key);
}

function noKey(why: string): TypeError {
  return argumentTypeError(`no API key: ${why}pass apiKey or set GRADIUM_API_KEY`, 'ERR_NO_API_KEY');
}

/** What may stand in an HTTP header (RFC 9110 §5.5) without becoming something else. */
function checkedSecret(name: string, value: unknown): string {
  if (typeof value !== 'string') throw argumentTypeError(`${name} must be a string`);
  if (/^[\x21-\x7e]+$/.test(value)) return value;
  throw argumentTypeError(
    `${name} is empty or holds characters that none has (spaces, control or non-ASCII characters)`,
  );
}

/** With names in lower case, so that one replaces ours of the same name. */
function checkedHeaders(value: unknown): Record<string, string> {
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw argumentTypeError('headers must be an object');
  }
  const headers: Record<string, string> = {};
  for (const [name, text] of Object.entries(value)) {
    // RFC 9110 §5.1 (a token) and §5.5.
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name))
      throw argumentTypeError('a name in headers is no header name');
    if (typeof text !== 'string' || !/^[\x20-\x7e]*$/.test(text)) {
      throw argumentTypeError(`headers.${name} must be a string of printable ASCII`);
    }
    headers[name.toLowerCase()] = text;
  }
  return headers;
}
