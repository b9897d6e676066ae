/** The sandbox's public names. Nothing lives here. */
export { type Fault, parseFault, type RefuseFault, type SessionFault } from './faults.js';
export type { Clock, Mode } from './modes.js';
export type { SandboxOptions } from './options.js';
export type { Received, ReceivedSession, SessionEnd } from './received.js';
export type { Route } from './routes.js';
export { type Sandbox, startSandbox } from './server.js';
