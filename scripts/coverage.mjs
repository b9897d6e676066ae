// Holds docs/coverage.md, which says what call covers which field and message of the Gradium protocol, to both its ends:
// the code (each call exists, each file named knows the field) and the wire reference, where there is one.
// node scripts/coverage.mjs [REFERENCE], else ../shared/protocol/gradium.md
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { root } from './prepare.mjs';

const DOC = 'docs/coverage.md';
const REFERENCE = process.argv[2] ?? join(root, '../shared/protocol/gradium.md');

/**
 * Sections of the reference, and the chapters of the document that answer for what is in them; `others` are words that a
 * section says of another one.
 */
const SECTIONS = [
  { from: '### 1.2', to: '### 1.3', chapters: ['Every session', 'STT', 'TTS', 'S2S'] },
  { from: '### 1.3', to: '### 1.4', chapters: ['Every session', 'POST', 'STT', 'TTS', 'Formats'] },
  { from: '### 1.4', to: '### 1.5', chapters: ['Voices', 'Voice generator'] },
  {
    from: '### 1.5',
    to: '### 1.6',
    chapters: ['Pronunciations', 'Account', 'Every session', 'S2S', 'STT'],
    others: 'skip',
  },
  { from: '### 1.6', to: '## 2', chapters: ['REST errors', 'Every session'], others: 'voice_id' },
  { from: '### 2.1', to: '### 2.2', chapters: ['Every session'] },
  { from: '### 2.2', to: '### 2.3', chapters: ['Every session', 'STT', 'Formats'] },
  { from: '### 2.3', to: '### 2.4', chapters: ['Every session', 'TTS', 'Formats'] },
  { from: '### 2.4', to: '### 2.5', chapters: ['Every session', 'S2S', 'Formats'] },
  { from: '### 2.5', to: '### 2.6', chapters: ['Formats', 'Every session', 'TTS'] },
];

/** Words between backticks in the reference that are no field, message, route or value of a field. */
const NO_FIELDS = new Set(
  [
    'true false null default', // values of anything
    'application json x ndjson mpeg content type for unsupported parsing base64', // media types and sayings of the server
    'single tokens case and accent sensitive output side', // prose in braces
    'pcm_32000 pcm_f32_to_s16 as examples tts_streaming py byte header fmt data rate', // what other programs have
    'string bool int number uuid date deprecated', // types, and a remark
    'mbeddings not found text plain reason e g', // sayings of the server, and of the reference
    'remaining allocated', // what another client's documentation wrongly says
    'gradium tts beta', // names of models
    's model time', // a part of `1.5s`, a word of the reference's own, an attribute of <break>
  ].flatMap((words) => words.split(' ')),
);

/** A route as the reference writes it: each has a row of its own. */
const REST_ROUTE =
  /^(GET|POST|PUT|DELETE)(\/[A-Z]+)? \/(voices|voice-generator|pronunciations|usages|api-keys)\b/;

const failures = [];
const rows = readRows(readFileSync(join(root, DOC), 'utf8'));
checkFiles();
checkCalls();
if (existsSync(REFERENCE)) checkReference(readFileSync(REFERENCE, 'utf8'));
else console.log(`NOT CHECKED against the wire reference: there is no ${REFERENCE}`);
for (const failure of failures) console.error(`coverage: ${failure}`);
if (failures.length > 0) process.exit(1);
console.log(`coverage: ${rows.length} rows of ${DOC} hold`);

/** Table rows of three cells: what is on the wire, the calls for it, the files that know it. */
function readRows(text) {
  let chapter = '';
  return text.split('\n').flatMap((line, i) => {
    if (line.startsWith('## ')) chapter = line.slice(3).trim();
    if (!line.startsWith('| `')) return [];
    const [wire, calls, files] = line
      .split(/(?<!\\)\|/)
      .slice(1, 4)
      .map((cell) => cell.trim());
    return [{ at: `${DOC}:${i + 1}`, chapter, wire: quoted(wire), calls, files: quoted(files ?? '') }];
  });
}

function quoted(cell) {
  return [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1]);
}

function words(text) {
  return text.match(/[a-z][a-z0-9]*(?:_[a-z0-9]+)*/g) ?? [];
}

function checkFiles() {
  for (const { at, wire, files } of rows) {
    const field = wireName(wire.at(-1));
    if (files.length === 0) failures.push(`${at}: no file is named for ${field}`);
    for (const file of files) {
      const path = join(root, file);
      const code = existsSync(path) ? readFileSync(path, 'utf8') : undefined;
      if (code === undefined) failures.push(`${at}: there is no ${file}`);
      else if (!code.includes(field)) failures.push(`${at}: ${file} does not know ${field}`);
    }
  }
}

/** Of a route the last word of its path that is no placeholder. */
function wireName(cell) {
  return REST_ROUTE.test(cell)
    ? cell.match(/[a-z-]+/g).findLast((word) => !['uid', 'id'].includes(word))
    : cell;
}

function checkCalls() {
  const door = join(root, 'src/index.ts');
  const config = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile).config;
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const program = ts.createProgram([door], options);
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(door);
  const names = new Map(
    checker.getExportsOfModule(checker.getSymbolAtLocation(source)).map((symbol) => [symbol.name, symbol]),
  );
  for (const { at, calls } of rows) {
    const found = quoted(calls);
    // What no call covers says why.
    if (found.length === 0 && !/^– .{10}/.test(calls)) failures.push(`${at}: neither a call nor a reason`);
    for (const call of found) {
      const problem = callProblem(checker, names, call);
      if (problem) failures.push(`${at}: ${call}: ${problem}`);
    }
  }
}

/** `Name.member.member`; `Name:tag.member` is the member of a union whose `type` is that tag. */
function callProblem(checker, names, call) {
  const [, name, tag, path = ''] = /^(\w+)(?::(\w+))?((?:\.\w+)*)$/.exec(call.replace(/\(\)/g, '')) ?? [];
  const symbol = names.get(name);
  if (!symbol) return 'no such export';
  const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  let type = checker.getDeclaredTypeOfSymbol(target);
  if (tag) {
    type = (type.types ?? []).find((member) => tagOf(checker, member) === tag);
    if (!type) return `no member of type ${tag}`;
  }
  for (const member of path.split('.').filter(Boolean)) {
    const property = checker.getPropertyOfType(checker.getNonNullableType(type), member);
    if (!property) return `no member ${member}`;
    type = checker.getNonNullableType(checker.getTypeOfSymbol(property));
    const element = checker.getIndexTypeOfType(type, ts.IndexKind.Number);
    if (element && !(type.flags & ts.TypeFlags.StringLike)) type = element;
  }
  return undefined;
}

function tagOf(checker, type) {
  const property = checker.getPropertyOfType(type, 'type');
  return property && checker.getTypeOfSymbol(property).value;
}

function checkReference(reference) {
  for (const { from, to, chapters, others = '' } of SECTIONS) {
    const begin = reference.indexOf(from);
    const end = reference.indexOf(to, begin);
    if (begin < 0 || end < 0) throw new Error(`the reference has no section ${from}`);
    const known = new Set(
      rows
        .filter(({ chapter }) => chapters.some((name) => chapter.startsWith(name)))
        .flatMap(({ wire }) => wire.flatMap(words)),
    );
    const prose = reference.slice(begin, end).replace(/^```[\s\S]*?^```$/gm, '');
    const cells = new Set(rows.flatMap(({ wire }) => wire));
    for (const route of quoted(prose).filter((cell) => REST_ROUTE.test(cell))) {
      if (!cells.has(route)) failures.push(`${DOC}: no row for ${route} of section ${from.slice(4)}`);
    }
    const said = new Set(quoted(prose).flatMap(words));
    for (const word of said) {
      if (!known.has(word) && !NO_FIELDS.has(word) && !words(others).includes(word)) {
        failures.push(
          `${DOC}: nothing in ${chapters.join(', ')} says what covers ${word} of section ${from.slice(4)}`,
        );
      }
    }
  }
}
