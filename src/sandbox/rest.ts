/**
 * REST: who may ask, and how answers and errors are written.
 * Not here: which path leads where (rest-routes.ts), what is answered (rest-*.ts).
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Access } from './access.js';
import type { Account } from './account.js';
import type { Mode } from './modes.js';
import { type RestAnswer, RestError } from './rest-answer.js';
import { type RestRoute, restRoute } from './rest-routes.js';

export interface RestOptions {
  access: Access;
  account: Account;
  mode: Mode;
  log: (line: string) => void;
}

export class Rest {
  readonly #options: RestOptions;

  constructor(options: RestOptions) {
    this.#options = options;
  }

  /** Whether the path is one of REST's, and is going to be answered. */
  answer(path: string, request: IncomingMessage, response: ServerResponse): boolean {
    let route: RestRoute | RestError | undefined;
    try {
      route = restRoute(request.method ?? '', path);
    } catch (error) {
      route = error as RestError;
    }
    if (route === undefined) return false;
    void this.#serve(route, request, response);
    return true;
  }

  async #serve(
    route: RestRoute | RestError,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    try {
      send(response, await this.#ask(route, request));
    } catch (error) {
      this.#fail(error, request, response);
    }
    request.resume(); // what the client is still sending is read and dropped
  }

  /** @throws RestError; the system's error when the client breaks off */
  #ask(route: RestRoute | RestError, request: IncomingMessage): RestAnswer | Promise<RestAnswer> {
    if (route instanceof RestError) throw route;
    const { access, account, mode } = this.#options;
    const denial = access.denyRequest(request);
    if (denial !== undefined) throw new RestError(401, denial.message);
    const { handler, ids } = route;
    return handler({ request, ids, account, mode, mintToken: () => access.mintToken() });
  }

  #fail(error: unknown, { method, url = '' }: IncomingMessage, response: ServerResponse): void {
    if ((error as NodeJS.ErrnoException).code === 'ECONNRESET') return;
    const failure = error instanceof RestError ? error : new RestError(500, 'Internal Server Error');
    const story = failure === error ? failure.message : String((error as Error)?.stack ?? error);
    this.#options.log(`${method} ${url.split('?', 1)[0]}: ${failure.status} ${story}`);
    write(response, failure.status, { detail: failure.detail }, failure.headers);
  }
}

function send(response: ServerResponse, { status, body }: RestAnswer): void {
  write(response, status, body);
}

/** A 204 has the type as well: a client that works insists on it (protocol reference, section 2.6). */
function write(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'x-request-id': randomUUID(),
    ...headers,
  });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}
