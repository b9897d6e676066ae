/** The sources as plain JavaScript, for tests that need a process or a thread of their own. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { root } from './helpers.js';

/**
 * Transpiles src/abort.ts, errors.ts, format.ts, native and audio to a folder of their own, for child processes and workers
 * (Node 20 runs no TypeScript). Returns the path of audio/index.js and a clean-up.
 */
export function transpiledAudio(): { index: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-audio-'));
  const src = join(root, 'src');
  const inFolder = (name: string) => readdirSync(join(src, name)).map((file) => join(name, file));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  for (const file of ['abort.ts', 'errors.ts', 'format.ts', ...inFolder('native'), ...inFolder('audio')]) {
    const { outputText } = ts.transpileModule(readFileSync(join(src, file), 'utf8'), {
      compilerOptions: {
        module: ts.ModuleKind.ESNext,
        target: ts.ScriptTarget.ES2022,
        verbatimModuleSyntax: true,
      },
    });
    const target = join(folder, file.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, outputText);
  }
  return {
    index: join(folder, 'audio/index.js'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
