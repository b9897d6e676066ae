// The layers of CONTRIBUTING.md, held: arrows point down only, the sandbox and the clients never meet, the command line
// has no private door, and the core knows nothing of Node.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../../..');
const src = join(root, 'src');

/** What each folder of src may import from src, beside itself; '' holds the files directly in src. */
const MAY_IMPORT: Record<string, string[]> = {
  '': ['audio', 'streams', 'gradium', 'sandbox', 'telephony', 'batch'],
  native: [''],
  audio: ['', 'native'],
  streams: ['', 'audio'],
  text: [''],
  speech: ['', 'text', 'native'],
  gradium: ['', 'audio', 'text', 'speech', 'streams'],
  kugel: ['', 'audio', 'text', 'speech', 'streams'],
  telephony: ['', 'audio', 'streams', 'text', 'speech', 'gradium', 'kugel'],
  batch: ['', 'audio', 'text', 'speech', 'gradium'],
  sandbox: ['', 'audio', 'text'],
  cli: ['', 'audio', 'gradium', 'kugel', 'sandbox', 'batch', 'text', 'telephony'],
};
/** Files directly in src that lie under everything else; index.ts lies above. */
const GROUND = ['abort.ts', 'errors.ts', 'format.ts'];

function sourceFiles(folder: string, pattern: RegExp): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => pattern.test(name))
    .map((name) => join(folder, name));
}

interface Import {
  from: string;
  to: string;
}

function importsOf(file: string): Import[] {
  const specifiers = readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g);
  return [...specifiers].map(([, specifier]) => ({
    from: relative(src, file),
    to: relative(src, resolve(dirname(file), String(specifier).replace(/\.js$/, '.ts'))),
  }));
}

const folderOf = (path: string): string => (path.includes('/') ? String(path.split('/')[0]) : '');
const imports = sourceFiles(src, /\.ts$/).flatMap(importsOf);

describe('src', () => {
  it('has imports to check', () => {
    expect(imports.length).toBeGreaterThan(50);
  });

  it('imports downwards only', () => {
    const wrong = imports.filter(({ from, to }) => {
      const [source, target] = [folderOf(from), folderOf(to)];
      if (source === '' && GROUND.includes(from)) return !GROUND.includes(to);
      if (target === '' && source !== '') return !GROUND.includes(to) && source !== 'cli';
      return source !== target && !MAY_IMPORT[source]?.includes(target);
    });
    expect(wrong).toEqual([]);
  });

  it('has no circular import', () => {
    const graph = new Map<string, string[]>();
    for (const { from, to } of imports) graph.set(from, [...(graph.get(from) ?? []), to]);
    const done = new Set<string>();
    const visit = (file: string, path: string[]): string[] | undefined => {
      if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
      if (done.has(file)) return undefined;
      for (const next of graph.get(file) ?? []) {
        const circle = visit(next, [...path, file]);
        if (circle) return circle;
      }
      done.add(file);
      return undefined;
    };
    expect([...graph.keys()].map((file) => visit(file, [])).find((circle) => circle)).toBeUndefined();
  });

  it('gives the command line public doors alone', () => {
    const doors = imports.filter(({ from, to }) => folderOf(from) === 'cli' && folderOf(to) !== 'cli');
    expect(doors.length).toBeGreaterThan(0);
    const allowed = (to: string): boolean => to.endsWith('index.ts') || GROUND.includes(to);
    expect(doors.filter(({ to }) => !allowed(to))).toEqual([]);
  });

  it('keeps each index.ts to re-exports', () => {
    const offenders = sourceFiles(src, /(^|\/)index\.ts$/).filter((file) => {
      const code = readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
      return (
        code.replace(/export\s+(type\s+)?(\*|\{[^}]*\})(\s+as\s+\w+)?\s+from\s+'[^']+';/g, '').trim() !== ''
      );
    });
    expect(offenders.map((file) => relative(src, file))).toEqual([]);
  });
});

describe('native/core', () => {
  const includes = sourceFiles(join(root, 'native/core'), /\.(h|cpp)$/).flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/#include\s+([<"])([^>"]+)[>"]/g)].map((match) => ({
      file: relative(root, file),
      own: match[1] === '"',
      path: String(match[2]),
    })),
  );

  /** What a processor has of its own, and what its compilers can be asked. */
  const PROCESSOR: Record<string, string[]> = {
    'native/core/simd/simd_level.cpp': ['intrin.h', 'cpuid.h'],
    'native/core/simd/target.inl.h': ['stddef.h', 'stdint.h', 'string.h', 'arm_neon.h', 'immintrin.h'],
  };

  /** Libopus belongs to one file. */
  const CODEC: Record<string, string[]> = { 'native/core/opus_codec.cpp': ['opus.h', 'opus_multistream.h'] };

  it('includes the C++ standard library and itself only', () => {
    expect(includes.length).toBeGreaterThan(20);
    const wrong = includes.filter(({ file, own, path }) =>
      own
        ? !path.startsWith('core/')
        : !/^[a-z0-9_]+$/.test(path) && ![PROCESSOR, CODEC].some((foreign) => foreign[file]?.includes(path)),
    );
    expect(wrong).toEqual([]);
  });

  it('compiles no function of a header for one instruction set', () => {
    const kernels = includes.filter(({ file }) => /\/simd\/(.*kernels|target|vec).*\.h$/.test(file));
    expect(kernels.length).toBeGreaterThan(10);
    const harmless = /^(cstddef|cstdint|core\/simd\/(\w*kernels(\.inl)?|vec\.inl)\.h)$/;
    const wrong = kernels.filter(
      ({ file, path }) => !harmless.test(path) && !PROCESSOR[file]?.includes(path),
    );
    expect(wrong).toEqual([]);
  });
});

describe('native/bindings', () => {
  it('includes napi.h in one place', () => {
    const users = sourceFiles(join(root, 'native'), /\.(h|cpp)$/)
      .filter((file) => /#include\s+[<"]napi\.h/.test(readFileSync(file, 'utf8')))
      .map((file) => relative(root, file));
    expect(users).toEqual(['native/bindings/napi_setup.h']);
  });
});
