/** The sandbox's public names. Nothing lives here. */
export { type Fault, type FaultRoute, parseFault, type RefuseFault, type SessionFault } from './faults.js';
export type { RefusalForm } from './http-answer.js';
export type { Clock, Mode } from './modes.js';
export type { SandboxOptions } from './options.js';
export type { Received, ReceivedRequest, ReceivedSession, SessionEnd } from './received.js';
export type { Route } from './routes.js';
export { type Sandbox, startSandbox } from './server.js';
