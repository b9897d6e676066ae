/**
 * SIGINT, SIGTERM and SIGHUP (the terminal was closed): the first asks for a clean stop, the second ends the process at once.
 * Not here: what a stop means to a command.
 */
import { InterruptedError } from './errors.js';
import { EXIT } from './exit-codes.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Runs `work` with a signal that aborts, with an InterruptedError, when the user asks for a stop. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const onSignal = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    controller.abort(new InterruptedError(`interrupted by ${name}; what was finished is kept`));
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  try {
    return await work(controller.signal);
  } finally {
    for (const name of SIGNALS) process.off(name, onSignal);
  }
}
