/**
 * Starts and stops the sandbox.
 * Not here: what it answers (front.ts), what it can be told (options.ts).
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Account } from './account.js';
import { FaultScript } from './fault-script.js';
import type { Fault } from './faults.js';
import { Front } from './front.js';
import { checkFaults, checkOptions, type SandboxOptions } from './options.js';
import { type Received, ReceivedLog } from './received.js';
import { StateFile } from './state-file.js';

/** A running sandbox. */
export interface Sandbox {
  /** `http://HOST:PORT`: what GRADIUM_BASE_URL takes. */
  readonly url: string;
  /** What came in since the start, or since it was cleared; the same as `GET /sandbox/received`. A copy. */
  received(): Received;
  /** Forgets what came in so far. Sessions that are open go on, unseen. */
  clearReceived(): void;
  /**
   * Begins another script of faults, for connections and sessions from now on; what befell a session already stays.
   *
   * @throws TypeError, RangeError for faults that make no sense (ERR_INVALID_ARG)
   */
  setFaults(faults: readonly Fault[]): void;
  /** Ends every connection at once and frees the port. May be called again; never rejects. */
  close(): Promise<void>;
}

/**
 * Starts a local server that speaks the Gradium protocol with a tone voice and a recogniser of its own; see
 * docs/sandbox.md. Any API key will do, unless `keys` are given.
 *
 * @throws TypeError, RangeError for bad options (ERR_INVALID_ARG), TypeError for a `state` that is something else
 *   (ERR_INVALID_ARG) or that another sandbox has (ERR_BUSY); rejects with the system's error when the port, or the file, cannot
 *   be had.
 * @example
 * const sandbox = await startSandbox();
 * const client = new Gradium({ apiKey: 'any', baseUrl: sandbox.url });
 * await sandbox.close();
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const settings = checkOptions(options);
  // A body that is live speech takes as long as the speech: no limit on the time for a request.
  const server = createServer({ requestTimeout: 0 });
  const sockets = trackSockets(server);
  const faults = new FaultScript(settings.faults);
  const received = new ReceivedLog();
  const { credits, mode, state, log } = settings;
  const store = state === undefined ? undefined : new StateFile(state, log);
  const account = new Account({ credits, mode, log, ...(store && { store }) });
  new Front(settings, { account, faults, received, sockets }).serve(server);
  await listen(server, settings.port, settings.host).catch((error) => {
    store?.close();
    throw error;
  });
  const { port } = server.address() as AddressInfo;
  const host = settings.host.includes(':') ? `[${settings.host}]` : settings.host;
  return {
    url: `http://${host}:${port}`,
    received: () => received.report(sockets.size),
    clearReceived: () => received.clear(),
    setFaults: (next) => faults.replace(checkFaults(next)),
    close: async () => {
      await stop(server, sockets);
      account.keepUsage();
      store?.close();
    },
  };
}

function trackSockets(server: Server): Set<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  return sockets;
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function stop(server: Server, sockets: Set<Socket>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve()); // calls back also when it was closed before
    for (const socket of sockets) socket.destroy();
  });
}
