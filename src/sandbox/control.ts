/**
 * The sandbox's own paths, by which a test in another process sees what came in and says what goes wrong next.
 * Not here: what is kept (received.ts), what faults do (fault-script.ts).
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FaultScript } from './fault-script.js';
import { answerJson, refuse } from './http-answer.js';
import { isJson, readBody } from './http-body.js';
import { checkFaults } from './options.js';
import type { ReceivedLog } from './received.js';

export class Control {
  readonly #faults: FaultScript;
  readonly #received: ReceivedLog;
  /** Of TCP, open now. */
  readonly #sockets: ReadonlySet<unknown>;

  constructor(faults: FaultScript, received: ReceivedLog, sockets: ReadonlySet<unknown>) {
    this.#faults = faults;
    this.#received = received;
    this.#sockets = sockets;
  }

  /** Whether the request is one of these, and is answered. */
  answer(path: string, request: IncomingMessage, response: ServerResponse): boolean {
    switch (`${request.method} ${path}`) {
      case 'GET /sandbox/received':
        answerJson(response, this.#received.report(this.#sockets.size - 1));
        return true;
      case 'DELETE /sandbox/received':
        this.#received.clear();
        response.writeHead(204).end();
        return true;
      case 'POST /sandbox/faults':
        void this.#setFaults(request, response);
        return true;
      default:
        return false;
    }
  }

  async #setFaults(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!isJson(request)) {
      refuse(response, { status: 415, detail: 'Content-Type must be application/json' });
      request.resume();
      return;
    }
    try {
      const body = (await readBody(request)).toString('utf8');
      this.#faults.replace(checkFaults(JSON.parse(body)));
      response.writeHead(204).end();
    } catch (error) {
      refuse(response, { status: 400, detail: (error as Error).message });
    }
  }
}
