/**
 * Which path and method of REST leads where.
 * Not here: keys, faults, how answers are written (rest.ts).
 */
import { ok, RestError } from './rest-answer.js';
import type { RestHandler } from './rest-call.js';
import { accents, deleteCandidate, enhance, generate, listCandidates, localize } from './rest-generator.js';
import {
  createDictionary,
  deleteDictionary,
  getDictionary,
  listDictionaries,
  updateDictionary,
} from './rest-pronunciations.js';
import { credits, usageSummary } from './rest-usage.js';
import { createVoice, deleteVoice, getVoice, keepCandidate, listVoices, updateVoice } from './rest-voices.js';

const ROUTES: [path: string, handlers: Record<string, RestHandler>][] = [
  ['/voices', { GET: listVoices, POST: createVoice }],
  ['/voices/from-embedding', { POST: keepCandidate }],
  ['/voices/{id}', { GET: getVoice, PUT: updateVoice, DELETE: deleteVoice }],
  ['/voice-generator/generate', { POST: generate }],
  ['/voice-generator/embeddings', { GET: listCandidates }],
  ['/voice-generator/embeddings/{id}', { DELETE: deleteCandidate }],
  ['/voice-generator/enhance', { POST: enhance }],
  ['/voice-generator/available-accents', { GET: accents }],
  ['/voice-generator/localize', { POST: localize }],
  ['/pronunciations', { GET: listDictionaries, POST: createDictionary }],
  ['/pronunciations/{id}', { GET: getDictionary, PUT: updateDictionary, DELETE: deleteDictionary }],
  ['/usages/credits', { GET: credits }],
  ['/usages/summary', { GET: usageSummary }],
  ['/api-keys/token', { GET: ({ mintToken }) => ok(mintToken()) }],
];
const SPLIT_ROUTES = ROUTES.map(([path, handlers]) => ({ parts: path.split('/'), handlers }));

/** For the banner: `GET /voices`. */
export function restRoutes(): string[] {
  return ROUTES.flatMap(([path, handlers]) => Object.keys(handlers).map((method) => `${method} ${path}`));
}

export interface RestRoute {
  handler: RestHandler;
  ids: string[];
}

/**
 * Undefined: REST has no such path. The first route with the method counts: `from-embedding` may be an id as well.
 *
 * @throws RestError 405 when the path has other methods only
 */
export function restRoute(method: string, path: string): RestRoute | undefined {
  const parts = path.split('/');
  const matching = SPLIT_ROUTES.filter((route) => matches(route.parts, parts));
  if (matching.length === 0) return undefined;
  const route = matching.find(({ handlers }) => Object.hasOwn(handlers, method));
  const handler = route?.handlers[method];
  if (route === undefined || handler === undefined) {
    const allowed = matching.flatMap(({ handlers }) => Object.keys(handlers));
    throw new RestError(405, 'Method Not Allowed', { Allow: allowed.join(', ') });
  }
  return { handler, ids: parts.filter((_, i) => route.parts[i] === '{id}').map(decoded) };
}

function matches(route: readonly string[], path: readonly string[]): boolean {
  return route.length === path.length && route.every((part, i) => part === '{id}' || part === path[i]);
}

/** What is no percent-encoding stays as it is, which is nobody's id. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
