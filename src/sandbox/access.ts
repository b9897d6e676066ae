/**
 * Who may use the sandbox.
 * Not here: how a refusal is worded on each way in (server.ts, connection.ts).
 */
import type { IncomingMessage } from 'node:http';
import { queryOf } from './routes.js';

export const NO_KEY = 'no API key: send the x-api-key header (any value will do here)';

/** Looks in the three places that the service looks in. */
export function hasKey(request: IncomingMessage): boolean {
  const { 'x-api-key': header, authorization } = request.headers;
  const token = queryOf(request).get('token');
  return Boolean(header) || Boolean(token) || /^Api-Key\s+\S/iu.test(authorization ?? '');
}
