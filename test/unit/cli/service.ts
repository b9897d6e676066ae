/** A sandbox for one test, and the command line that speaks to it. */
import { onTestFinished } from 'vitest';
import { type SandboxOptions, startSandbox } from '../../../src/sandbox/index.js';
import { type RunOptions, type RunResult, sluice } from './run.js';

export interface Service {
  /** What every command needs to reach it. */
  env: NodeJS.ProcessEnv;
  run(args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** As `run`, of what has to succeed: its standard output. */
  done(args: readonly string[], options?: RunOptions): Promise<string>;
}

export async function service(options: SandboxOptions = {}): Promise<Service> {
  const sandbox = await startSandbox(options);
  onTestFinished(() => sandbox.close());
  const env = { GRADIUM_BASE_URL: sandbox.url, GRADIUM_API_KEY: 'any' };
  const run: Service['run'] = (args, { env: more, ...rest } = {}) =>
    sluice(args, { env: { ...env, ...more }, ...rest });
  const done: Service['done'] = async (args, rest) => {
    const { code, stdout, stderr } = await run(args, rest);
    if (code !== 0) throw new Error(`sluice ${args.join(' ')}: exit ${code}\n${stderr}`);
    return stdout;
  };
  return { env, run, done };
}
