/**
 * The client that a command speaks through: the service, or a sandbox started for this run.
 * Not here: what is said.
 */
import type { Gradium } from '../gradium/index.js';
import { UsageError } from './errors.js';

export const SANDBOX_NOTICE =
  'using the built-in sandbox, not the Gradium service: it understands its own tone voice (sluice speak --sandbox) ' +
  'and marks other speech as [speech]';

/**
 * Runs `work` with a client, and stops the sandbox afterwards if there is one.
 * @throws {TypeError} ERR_NO_API_KEY: neither a sandbox nor GRADIUM_API_KEY.
 * @throws {UsageError} GRADIUM_API_KEY or GRADIUM_BASE_URL cannot be used.
 */
export async function withClient<T>(
  { sandbox }: { sandbox?: true },
  work: (client: Gradium) => Promise<T>,
): Promise<T> {
  const { Gradium } = await import('../gradium/index.js');
  if (!sandbox) return work(fromEnvironment(Gradium));
  const { startSandbox } = await import('../sandbox/index.js');
  const server = await startSandbox({ sessionLimitS: 0 }); // it is there to do the work, whatever its length
  try {
    return await work(new Gradium({ apiKey: 'sandbox', baseUrl: server.url }));
  } finally {
    await server.close();
  }
}

/** The client's only arguments are variables of the environment, so its complaints are told by their names. */
function fromEnvironment(Client: typeof Gradium): Gradium {
  try {
    return new Client();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ERR_INVALID_ARG') throw error;
    if (message.startsWith('apiKey')) {
      throw new UsageError(
        message.replace('apiKey', 'GRADIUM_API_KEY'),
        'set GRADIUM_API_KEY to the key alone',
      );
    }
    throw new UsageError(
      message.replace('baseUrl', 'GRADIUM_BASE_URL'),
      'set GRADIUM_BASE_URL to a server such as http://127.0.0.1:8765, or unset it for the service',
    );
  }
}
