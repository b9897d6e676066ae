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
/** The connection's own (RFC 9110 §7.6.1, RFC 9112 §6, RFC 6455 §4.1): another value would break it. */
const OWN_HEADERS = /^(connection|upgrade|content-length|transfer-encoding|sec-websocket-.*)$/;

export class Access {
  readonly #baseUrl: string;
  readonly #selfHosted: boolean;
  /** Without our key: for what a token opens. */
  readonly #headers: Record<string, string>;
  readonly #keyHeaders: Record<string, string>;
  readonly #hasKey: boolean;
  readonly #token: GradiumOptions['token'];
  readonly #secrets: readonly string[];

  /** @throws TypeError ERR_NO_API_KEY without a key; TypeError ERR_INVALID_ARG */
  constructor(options: GradiumOptions) {
    this.#baseUrl = checkedBase(options.baseUrl ?? (process.env.GRADIUM_BASE_URL || DEFAULT_BASE_URL));
    this.#selfHosted = checkedFlag('selfHosted', options.selfHosted);
    const extra = checkedHeaders(options.headers);
    this.#token = checkedTokenOption(options.token);
    const keyed = KEY_HEADERS.some((name) => name in extra);
    const optional = keyed || this.#token !== undefined;
    // A key of the environment must not stand beside a token or a header that were chosen on purpose.
    const apiKey = checkedKey(
      options.apiKey ?? (optional ? undefined : process.env.GRADIUM_API_KEY),
      optional,
    );
    this.#hasKey = keyed || apiKey !== undefined;
    this.#headers = { 'x-api-source': SOURCE, ...extra };
    this.#keyHeaders = { 'x-api-source': SOURCE, ...keyHeader(apiKey, this.#selfHosted), ...extra };
    this.#secrets = [...(apiKey === undefined ? [] : [apiKey]), ...Object.values(extra).flatMap(withParts)];
  }

  /** Of a WebSocket. With a function for a token this asks for a new one. */
  socket(route: Route): Target | Promise<Target> {
    const url = socketUrl(this.#baseUrl, this.#selfHosted ? '' : ROUTES[route]);
    const token = this.#token;
    if (token === undefined) return this.#withKey(url);
    if (typeof token === 'string') return this.#withToken(url, token);
    return this.#fetched(url, token);
  }

  /**
   * Of an HTTP request.
   * @param path such as `post/speech/tts`
   * @throws TypeError ERR_NO_API_KEY when there is but a token: it opens a WebSocket, and nothing else
   */
  rest(path: string): Target {
    if (!this.#hasKey) throw noKey('a token opens WebSockets alone; pass apiKey beside it');
    return this.#withKey(restUrl(this.#baseUrl, path));
  }

  #withKey(url: URL): Target {
    return { url, headers: this.#keyHeaders, secrets: this.#secrets };
  }

  /** Also after a rejection: `async` makes one of what the function throws. */
  async #fetched(url: URL, token: () => string | Promise<string>): Promise<Target> {
    return this.#withToken(url, await token());
  }

  /** In place of the key: which of the two a service would go by, nobody says. */
  #withToken(url: URL, given: string): Target {
    const token = checkedToken(given);
    url.searchParams.set('token', token);
    const written = url.search.slice('?token='.length);
    return { url, headers: this.#headers, secrets: [...this.#secrets, token, written] };
  }
}

function keyHeader(apiKey: string | undefined, selfHosted: boolean): Record<string, string> {
  if (apiKey === undefined) return {};
  return selfHosted ? { authorization: `Api-Key ${apiKey}` } : { 'x-api-key': apiKey };
}

/** `Bearer KEY`: a service may give back the key alone. */
function withParts(value: string): string[] {
  return [value, ...value.split(' ')];
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

function checkedTokenOption(value: unknown): GradiumOptions['token'] {
  if (value === undefined || typeof value === 'function') return value as GradiumOptions['token'];
  return checkedToken(value);
}

function checkedToken(value: unknown): string {
  return checkedSecret('token', typeof value === 'string' ? value.trim() : value);
}

/** The key is never quoted; its prefix is not checked, for there are several. */
function checkedKey(value: unknown, optional: boolean): string | undefined {
  if (value === undefined && optional) return undefined;
  if (value !== undefined && typeof value !== 'string') throw argumentTypeError('apiKey must be a string');
  const key = value?.trim();
  if (!key) throw noKey('pass apiKey or set GRADIUM_API_KEY');
  return checkedSecret('apiKey', key);
}

function noKey(wayOut: string): TypeError {
  return argumentTypeError(`no API key: ${wayOut}`, 'ERR_NO_API_KEY');
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
    const lower = name.toLowerCase();
    if (OWN_HEADERS.test(lower)) throw argumentTypeError(`headers.${lower} is the connection's own`);
    headers[lower] = text;
  }
  return headers;
}
