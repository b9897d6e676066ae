/**
 * What can go wrong with one request, and what each call of the client has to make of it.
 * Not here: playing it, and looking at what happened (fault-matrix.test.ts).
 */
import type { SessionFault } from '../../src/sandbox/index.js';
import type { Api } from './speech-apis.js';

/** A fault of the sandbox, without its turns: those are the matrix's to set. */
export type Played = SessionFault | { kind: 'refuse'; status: number; retryAfterS?: number };

/** How far the session has come: no `ready` yet, nothing behind it, the first of three words, or all of them. */
type Place = 'before ready' | 'after ready' | 'midway' | 'before the end';

/** Messages of the service that get through, of the text `Hier und da`: 11 steps of 80 ms. */
function after(place: Place, { route }: Api): number {
  if (place === 'before ready') return 0;
  if (place === 'after ready') return 1;
  if (place === 'midway') return 9;
  // `ready`, the words and the steps; a word that is heard has an `end_text` as well.
  return route === 'stt' ? 1 + 3 * 2 + 11 : 1 + 3 + 11;
}

export interface FaultCase {
  name: string;
  fault(api: Api): Played;
  /** What is to be reported of it where it cannot be put right. Undefined: the call succeeds at its first attempt. */
  failure(api: Api): Failure | undefined;
  place: Place;
}

export interface Failure {
  /** Class, code and fields; see `errorText`. */
  error: string;
  retryable: boolean;
}

const closedEarly = (phase: string, closeCode?: number): Failure => ({
  error: `ConnectionError ERR_CLOSED_EARLY ${phase}${closeCode === undefined ? '' : ` close ${closeCode}`}`,
  retryable: true,
});
const protocol = (phase: string, retryable = true): Failure => ({
  error: `ConnectionError ERR_PROTOCOL ${phase}`,
  retryable,
});
const timeout = (phase: string): Failure => ({ error: `TimeoutError ERR_TIMEOUT ${phase}`, retryable: true });
const service = (apiCode: number | undefined, retryable: boolean, more = ''): Failure => ({
  error: `SpeechApiError ERR_SPEECH_API${apiCode === undefined ? '' : ` api ${apiCode}`}${more}`,
  retryable,
});

/** The phase in which a fault is met. A POST has no setup of its own: its answer comes with the stream. */
const phaseAt = (place: Place, { transport }: Api) =>
  place === 'before ready' && transport === 'websocket' ? 'setup' : 'stream';

type Kind = Exclude<SessionFault['kind'], 'delay' | 'slow'>;

function at(
  places: readonly Place[],
  kind: Kind,
  failure: (place: Place, api: Api) => Failure,
  code?: number,
) {
  return places.map((place): FaultCase => {
    const coded = code === undefined ? {} : { code };
    return {
      name: `${kind}${code === undefined ? '' : ` ${code}`} ${place}`,
      fault: (api) => ({ kind, after: after(place, api), ...coded }) as SessionFault,
      place,
      failure: (api) => failure(place, api),
    };
  });
}

function refused(status: number, failure: Failure, retryAfterS?: number): FaultCase {
  const fault: Played = { kind: 'refuse', status, ...(retryAfterS === undefined ? {} : { retryAfterS }) };
  return { name: `refuse ${status}`, fault: () => fault, place: 'before ready', failure: () => failure };
}

const late = (kind: 'delay' | 'slow', ms: number): FaultCase => ({
  name: kind,
  fault: () => ({ kind, ms }),
  place: 'before ready',
  failure: () => undefined,
});

/** After the first line of an answer to a POST an error has no code, and the service may be asked again. */
const errorOf = (code: number, retryable: boolean) => (place: Place, api: Api) =>
  api.transport === 'post' && place !== 'before ready' ? service(undefined, true) : service(code, retryable);

/** An answer to a POST that is empty is how the service tells of options that it cannot read: no use trying again. */
function endedBy(code: number) {
  return (place: Place, api: Api): Failure => {
    if (api.transport === 'websocket') {
      return code === 1011 ? service(1011, true) : closedEarly(phaseAt(place, api), code);
    }
    return place === 'before ready' ? protocol('stream', false) : closedEarly('stream');
  };
}

const EVERYWHERE = ['before ready', 'after ready', 'midway', 'before the end'] as const;

export const FAULT_CASES: readonly FaultCase[] = [
  ...at(EVERYWHERE, 'drop', (place, api) =>
    closedEarly(phaseAt(place, api), api.transport === 'post' ? undefined : 1006),
  ),
  ...at(EVERYWHERE, 'error', errorOf(1008, false), 1008),
  ...at(EVERYWHERE, 'error', errorOf(1011, true), 1011),
  ...at(EVERYWHERE, 'close', endedBy(1000), 1000),
  ...at(EVERYWHERE, 'close', endedBy(1011), 1011),
  ...at(EVERYWHERE, 'stall', (place, api) => timeout(phaseAt(place, api) === 'setup' ? 'setup' : 'idle')),
  ...at(EVERYWHERE, 'malformed', (place, api) => protocol(phaseAt(place, api))),
  ...at(EVERYWHERE, 'binary', (place, api) => protocol(phaseAt(place, api))),
  refused(429, service(429, true, ' retry after 1 s'), 1),
  refused(503, service(503, true)),
  late('delay', 50),
  late('slow', 2),
];

/** Whether the call makes another attempt, and so succeeds when the fault does not come again. */
export function recovers(failure: Failure, { place }: FaultCase, api: Api): boolean {
  // What was handed out as sound cannot be taken back.
  return failure.retryable && !(api.handsOutSound && (place === 'midway' || place === 'before the end'));
}

/** An error in the words of this table. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return `no error: ${String(error)}`;
  const { name, code, phase, closeCode, apiCode, retryAfterS } = error as Error & Record<string, unknown>;
  const parts = [name, code, phase];
  if (closeCode !== undefined) parts.push(`close ${closeCode}`);
  if (apiCode !== undefined) parts.push(`api ${apiCode}`);
  if (retryAfterS !== undefined) parts.push(`retry after ${retryAfterS} s`);
  return parts.filter((part) => part !== undefined).join(' ');
}
