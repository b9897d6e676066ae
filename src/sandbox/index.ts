/** The sandbox's public names. Nothing lives here. */
export type { Clock } from './asr-session.js';
export { type Fault, parseFault, type RefuseFault, type SessionFault } from './faults.js';
export { type Sandbox, type SandboxOptions, startSandbox } from './server.js';
