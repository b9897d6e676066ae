/**
 * REST: who may ask, how answers and errors are worded, what goes wrong on request.
 * Not here: which path leads where (rest-routes.ts), what is answered (rest-*.ts), how it leaves (rest-delivery.ts).
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Access } from './access.js';
import type { Account } from './account.js';
import type { FaultScript } from './fault-script.js';
import { refuse } from './http-answer.js';
import type { Mode } from './modes.js';
import type { ReceivedLog } from './received.js';
import { type RestAnswer, RestError } from './rest-answer.js';
import { type Delivery, deliver } from './rest-delivery.js';
import { type RestRoute, restRoute } from './rest-routes.js';

export interface RestOptions {
  access: Access;
  account: Account;
  mode: Mode;
  faults: FaultScript;
  received: ReceivedLog;
  log: (line: string) => void;
}

export class Rest {
  readonly #options: RestOptions;

  constructor(options: RestOptions) {
    this.#options = options;
  }

  /** Whether the path is one of REST's, and is going to be answered. */
  answer(path: string, request: IncomingMessage, response: ServerResponse): boolean {
    const route = routeOf(path, request);
    if (route === undefined) return false;
    void this.#serve(route, path, request, response);
    return true;
  }

  async #serve(
    route: RestRoute | RestError,
    path: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const { faults, received, log } = this.#options;
    const name = `${request.method} ${path}`;
    const record = received.beginRequest(request.method ?? '', path);
    const refusal = faults.takeForConnection('rest');
    if (refusal !== undefined) {
      log(`${name}: refused by fault`);
      record.status = refusal.status ?? 503;
      refuse(response, { ...refusal, status: record.status, requestId: randomUUID() });
    } else {
      const fault = faults.takeForSession('rest');
      if (fault !== undefined) log(`${name}: fault ${fault.kind}`);
      const answer = await this.#ask(route, name, request);
      record.status = answer?.status ?? null;
      if (answer !== undefined) await deliver(response, answer, fault);
    }
    request.resume(); // what the client is still sending is read and dropped
  }

  /** Undefined: the client broke off. */
  async #ask(
    route: RestRoute | RestError,
    name: string,
    request: IncomingMessage,
  ): Promise<Delivery | undefined> {
    try {
      const { status, body } = await this.#handle(route, request);
      this.#options.log(`${name}: ${status}`);
      return delivery(status, body);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ECONNRESET') return undefined;
      const failure = error instanceof RestError ? error : new RestError(500, 'Internal Server Error');
      const story = failure === error ? failure.message : String((error as Error)?.stack ?? error);
      this.#options.log(`${name}: ${failure.status} ${story}`);
      return delivery(failure.status, { detail: failure.detail }, failure.headers);
    }
  }

  /** @throws RestError; the system's error when the client breaks off */
  #handle(route: RestRoute | RestError, request: IncomingMessage): RestAnswer | Promise<RestAnswer> {
    if (route instanceof RestError) throw route;
    const { access, account, mode } = this.#options;
    const denial = access.denyRequest(request);
    if (denial !== undefined) throw new RestError(401, denial.message);
    const { handler, ids } = route;
    return handler({ request, ids, account, mode, mintToken: () => access.mintToken() });
  }
}

/** An error: the path has no such method. Undefined: there is no such path. */
function routeOf(path: string, { method = '' }: IncomingMessage): RestRoute | RestError | undefined {
  try {
    return restRoute(method, path);
  } catch (error) {
    return error as RestError;
  }
}

/** A 204 has the type as well: a client that works insists on it (protocol reference, section 2.6). */
function delivery(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Delivery {
  return {
    status,
    headers: { 'Content-Type': 'application/json', 'x-request-id': randomUUID(), ...headers },
    text: body === undefined ? undefined : JSON.stringify(body),
  };
}
