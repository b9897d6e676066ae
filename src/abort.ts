/**
 * Listening to an AbortSignal, many times over.
 * Not here: what an abort ends; see speech/scope.ts, audio/off-loop.ts.
 */

interface Hub {
  listeners: Set<() => void>;
  aborted: () => void;
}

const hubs = new WeakMap<AbortSignal, Hub>();

/**
 * Calls `listener` when the signal is aborted; returns the way to stop listening.
 * One DOM listener per signal serves any number of sessions: Node prints a leak warning from the 11th on,
 * and a batch shares one signal among all its sessions. It goes with the last of them: Node keeps a signal of
 * AbortSignal.any() or timeout() in memory for as long as anyone listens to it.
 */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  const hub = hubs.get(signal) ?? openHub(signal);
  hub.listeners.add(listener);
  return () => {
    if (!hub.listeners.delete(listener) || hub.listeners.size > 0) return;
    hubs.delete(signal);
    signal.removeEventListener('abort', hub.aborted);
  };
}

function openHub(signal: AbortSignal): Hub {
  const listeners = new Set<() => void>();
  const aborted = () => {
    hubs.delete(signal); // its DOM listener is used up, be it by an event that was no abort of the signal's
    const called = [...listeners];
    listeners.clear();
    for (const listener of called) {
      try {
        listener();
      } catch (error) {
        queueMicrotask(() => {
          throw error; // uncaught, as from a DOM listener; the others are called all the same
        });
      }
    }
  };
  const hub = { listeners, aborted };
  hubs.set(signal, hub);
  signal.addEventListener('abort', aborted, { once: true });
  return hub;
}
