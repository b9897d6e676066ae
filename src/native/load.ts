/**
 * Finds the addon, loads it, hands it the error classes, and explains a load that failed.
 * Not here: the shape of what was loaded (types.ts).
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FormatError, UnsupportedError } from '../errors.js';
import type { NativeAddon } from './types.js';

/** The package's root, seen from src/native and from dist/native alike. */
const root = fileURLToPath(new URL('../../', import.meta.url));
const builtAddon = fileURLToPath(new URL('../../build/Release/sluice.node', import.meta.url));

/** `linux-x64-glibc`, `linux-arm64-musl`, `darwin-arm64` … */
function platformName(): string {
  const name = `${process.platform}-${process.arch}`;
  return process.platform === 'linux' ? `${name}-${libc()}` : name;
}

function libc(): 'glibc' | 'musl' {
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return report.header?.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
}

function explain(path: string, cause: unknown): Error {
  const found = existsSync(path)
    ? `It is there, but: ${cause instanceof Error ? cause.message : String(cause)}`
    : 'There is no such file.';
  const from = override === undefined ? '' : ' (from SLUICE_ADDON)';
  return new Error(
    [
      `The native addon of sluice-audio did not load (${platformName()}, Node ${process.version}).`,
      `Looked for: ${path}${from}`,
      found,
      existsSync(`${root}scripts/prepare.mjs`)
        ? `To fix it, run \`npm run build\` in ${root} (CMake 3.21 or newer, make or ninja, a C++20 compiler).`
        : 'This version has no prebuilt addon: run `npm run build` in a clone of the project, and set SLUICE_ADDON to ' +
          'the build/Release/sluice.node that it makes.',
    ].join('\n'),
    { cause },
  );
}

/** SLUICE_SIMD names a level that cannot be had: the addon is sound, and its own message says all. */
function isSimdError(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code === 'ERR_SIMD_LEVEL';
}

function load(path: string): NativeAddon {
  let addon: NativeAddon;
  try {
    addon = createRequire(import.meta.url)(path) as NativeAddon;
  } catch (cause) {
    throw isSimdError(cause) ? cause : explain(path, cause);
  }
  addon.setErrorClasses(FormatError, UnsupportedError);
  return addon;
}

const override = process.env.SLUICE_ADDON || undefined;

/** The file of the addon. Environment variable SLUICE_ADDON: another one to load, from the working directory on. */
export const addonPath = override === undefined ? builtAddon : resolve(override);

/** The addon of this thread. */
export const native: NativeAddon = load(addonPath);
