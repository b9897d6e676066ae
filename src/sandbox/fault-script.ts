/**
 * Whose turn it is to go wrong.
 * Not here: what faults there are (faults.ts), carrying them out (front.ts refuses, request.ts does the rest).
 */
import type { Fault, FaultRoute, RefuseFault, SessionFault } from './faults.js';

/** Connections (upgrades, POSTs and requests of REST) can be refused; sessions, and answers of REST, suffer the rest. */
type Victim = 'connection' | 'session';

interface Entry {
  fault: Fault;
  victim: Victim;
  /** How often it may still happen. */
  left: number;
  /** Victims that it could have befallen so far. */
  seen: number;
}

/**
 * A list of faults is played in order: each connection or session takes the first one whose turn it is, `refuse` before
 * the upgrade and the others at setup. So `refuse` once, then `drop` once, then all is well.
 *
 * One that waits for its number lets those behind it pass; any other holds them up until it has had its turns.
 */
export class FaultScript {
  #entries: Entry[] = [];

  constructor(faults: readonly Fault[]) {
    this.replace(faults);
  }

  /** Begins another script; numbers count from here. */
  replace(faults: readonly Fault[]): void {
    this.#entries = faults.map((fault) => ({
      fault,
      victim: fault.kind === 'refuse' ? 'connection' : 'session',
      left: fault.times ?? (fault.request === undefined ? Infinity : 1),
      seen: 0,
    }));
  }

  takeForConnection(route: FaultRoute): RefuseFault | undefined {
    return this.#take('connection', route) as RefuseFault | undefined;
  }

  takeForSession(route: FaultRoute): SessionFault | undefined {
    return this.#take('session', route) as SessionFault | undefined;
  }

  #take(victim: Victim, route: FaultRoute): Fault | undefined {
    const ofRoute = this.#entries.filter(({ fault }) =>
      fault.route === undefined ? route !== 'rest' : fault.route === route,
    );
    for (const entry of ofRoute) if (entry.victim === victim) entry.seen++;
    const next = ofRoute.find((entry) => isUp(entry, victim));
    if (next === undefined || next.victim !== victim) return undefined;
    next.left--;
    return next.fault;
  }
}

function isUp({ fault, victim, left, seen }: Entry, asked: Victim): boolean {
  if (left <= 0) return false;
  return fault.request === undefined || (victim === asked && seen >= fault.request);
}
