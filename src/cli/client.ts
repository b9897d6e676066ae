/**
 * The client that a command speaks through: the service, or a sandbox started for this run.
 * Not here: what is said.
 */
import type { Gradium } from '../gradium/index.js';

export const SANDBOX_NOTICE =
  'using the built-in sandbox, not the Gradium service: it understands its own tone voice (sluice speak --sandbox) ' +
  'and marks other speech as [speech]';

/**
 * Runs `work` with a client, and stops the sandbox afterwards if there is one.
 * @throws {TypeError} ERR_NO_API_KEY: neither a sandbox nor GRADIUM_API_KEY.
 */
export async function withClient<T>(
  { sandbox }: { sandbox?: true },
  work: (client: Gradium) => Promise<T>,
): Promise<T> {
  const { Gradium } = await import('../gradium/index.js');
  if (!sandbox) return work(new Gradium());
  const { startSandbox } = await import('../sandbox/index.js');
  const server = await startSandbox();
  try {
    return await work(new Gradium({ apiKey: 'sandbox', baseUrl: server.url }));
  } finally {
    await server.close();
  }
}
