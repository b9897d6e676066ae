/**
 * Which path leads where.
 * Not here: what happens there (server.ts, post.ts).
 */
import type { IncomingMessage } from 'node:http';
import type { Mode } from './modes.js';

/** What a session does: speech to text, text to speech, or speech to speech. */
export type Route = 'stt' | 'tts' | 's2s';

export const ROUTES = ['stt', 'tts', 's2s'] as const satisfies readonly Route[];

const WEBSOCKET_PATHS = new Map<string, Route>([
  ['/speech/asr', 'stt'],
  ['/speech/tts', 'tts'],
  ['/speech/s2s', 's2s'],
]);
/** What two clients call it, and no document does. */
const UNDOCUMENTED_PATHS = new Map<string, Route>([['/speech/stt', 'stt']]);

export function webSocketPaths(): string[] {
  return [...WEBSOCKET_PATHS.keys(), ...UNDOCUMENTED_PATHS.keys()];
}

/** Where an upgrade on this path leads; undefined: nowhere. */
export function webSocketRoute(path: string, mode: Mode): Route | undefined {
  return WEBSOCKET_PATHS.get(path) ?? (mode === 'strict' ? undefined : UNDOCUMENTED_PATHS.get(path));
}

/** The path without its `/api` prefix, and without the double and trailing slashes that some clients make. */
export function pathOf(request: IncomingMessage): string {
  const path = splitUrl(request)
    .path.replace(/\/{2,}/gu, '/')
    .replace(/\/$/u, '');
  return path.replace(/^\/api(?=\/|$)/u, '') || '/';
}

export function queryOf(request: IncomingMessage): URLSearchParams {
  return new URLSearchParams(splitUrl(request).query);
}

function splitUrl(request: IncomingMessage): { path: string; query: string } {
  const url = request.url ?? '/';
  const at = url.indexOf('?');
  return at < 0 ? { path: url, query: '' } : { path: url.slice(0, at), query: url.slice(at + 1) };
}
