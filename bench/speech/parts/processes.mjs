// The processes of the speech benchmarks: the counting server and the contenders, started and stopped.
import { fork } from 'node:child_process';
import { on, once } from 'node:events';
import { fileURLToPath } from 'node:url';

const here = (file) => fileURLToPath(new URL(file, import.meta.url));

/** { url, stats(), stop() }; `stats` tells what was counted since it was last asked. */
export async function startCountingServer() {
  const child = fork(here('counting-server.mjs'), { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  const [line] = await once(child.stdout, 'data');
  const url = `http://127.0.0.1:${Number(line)}`;
  const stats = async () => (await fetch(`${url}/stats`)).json();
  return { url, stats, stop: () => child.disconnect() };
}

/**
 * { run(job) => its answer, stop() }. `ws` takes bufferutil by itself where it is installed, which it is for the
 * benchmark: WS_NO_BUFFER_UTIL in `env` keeps it from that.
 */
export function startProcess(file, args, env) {
  const child = fork(here(file), args, { env: { ...process.env, ...env } });
  const answers = on(child, 'message');
  let stopped = false;
  child.on('exit', (code) => {
    if (stopped) return;
    console.error(`${file} ${args.join(' ')} ended with ${code}`);
    process.exit(1);
  });
  const run = async (job) => {
    child.send(job);
    const { value } = await answers.next();
    return value[0];
  };
  const stop = () => {
    stopped = true;
    child.disconnect();
  };
  return { run, stop };
}
