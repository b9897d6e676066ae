/**
 * Listening to an AbortSignal, many times over.
 * Not here: what an abort ends; see scope.ts.
 */

const hubs = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `listener` when the signal is aborted; returns the way to stop listening.
 * One DOM listener per signal serves any number of sessions: Node prints a leak warning from the 11th on,
 * and a batch shares one signal among all its sessions.
 */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  const hub = hubs.get(signal) ?? openHub(signal);
  hub.add(listener);
  return () => hub.delete(listener);
}

function openHub(signal: AbortSignal): Set<() => void> {
  const hub = new Set<() => void>();
  hubs.set(signal, hub);
  signal.addEventListener(
    'abort',
    () => {
      for (const listener of [...hub]) listener();
      hub.clear();
    },
    { once: true },
  );
  return hub;
}
