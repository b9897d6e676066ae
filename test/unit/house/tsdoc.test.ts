// Every public name says what it is, and the examples beside the names compile against the public API.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../../..');
// Two levels below the root, whence the examples import ../../src.
const folder = join(root, 'build/tsdoc');

/** The doors of the package, as sources. */
const doors = doorsOf(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).exports);
const options = ts.parseJsonConfigFileContent(
  ts.readConfigFile(join(root, 'tsconfig.test.json'), ts.sys.readFile).config,
  ts.sys,
  root,
).options;
const program = ts.createProgram(doors, options);
const checker = program.getTypeChecker();
const exported = [...new Set(doors.flatMap(exportsOf).map(original))];
const values = exportsOf(join(root, 'src/index.ts')).filter(isValue);

function doorsOf(exports: Record<string, string | { default: string }>): string[] {
  return Object.values(exports)
    .flatMap((door) => (typeof door === 'string' ? [] : door.default))
    .map((file) => join(root, file.replace(/^\.\/dist/, 'src').replace(/\.js$/, '.ts')));
}

function exportsOf(door: string): ts.Symbol[] {
  const source = program.getSourceFile(door);
  const module = source && checker.getSymbolAtLocation(source);
  if (!module) throw new Error(`${door} is no module`);
  return checker.getExportsOfModule(module);
}

function original(symbol: ts.Symbol): ts.Symbol {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

/** Of some classes the package exports the type alone. */
function isValue(symbol: ts.Symbol): boolean {
  const typeOnly = symbol.declarations?.some(ts.isTypeOnlyImportOrExportDeclaration);
  return !typeOnly && (original(symbol).flags & ts.SymbolFlags.Value) !== 0;
}

/** The declarations that carry a comment: of an overloaded function each signature, not what implements them. */
function declarationsOf(symbol: ts.Symbol): ts.Declaration[] {
  const all = symbol.declarations ?? [];
  const signatures = all.filter((node) => !(ts.isFunctionDeclaration(node) && node.body));
  return ts.isFunctionDeclaration(all[0] as ts.Node) && signatures.length > 0 ? signatures : all;
}

/** Whether a declaration, or the member of a base class that it overrides, has a comment with words in it. */
function isDocumented(node: ts.Node): boolean {
  // What stands at 0 is the file's own heading.
  const own = ts
    .getJSDocCommentsAndTags(node)
    .some((doc) => ts.isJSDoc(doc) && doc.pos > 0 && Boolean(doc.comment || doc.tags));
  if (own || !isOverride(node)) return own;
  const symbol = checker.getSymbolAtLocation((node as ts.ClassElement).name as ts.Node);
  return (symbol?.getDocumentationComment(checker).length ?? 0) > 0;
}

function isOverride(node: ts.Node): boolean {
  return ts.isClassElement(node) && modifiersOf(node).includes(ts.SyntaxKind.OverrideKeyword);
}

function modifiersOf(node: ts.Node): ts.SyntaxKind[] {
  return ts.canHaveModifiers(node) ? (ts.getModifiers(node) ?? []).map(({ kind }) => kind) : [];
}

function isPublic(member: ts.ClassElement): boolean {
  if (member.name && ts.isPrivateIdentifier(member.name)) return false;
  if (modifiersOf(member).includes(ts.SyntaxKind.PrivateKeyword)) return false;
  if (ts.getJSDocTags(member).some((tag) => tag.tagName.text === 'internal')) return false;
  return !isNodeHook(member);
}

/** `_write` and its kin: what Node calls, not the user. */
function isNodeHook(member: ts.ClassElement): boolean {
  return isOverride(member) && Boolean(member.name?.getText().startsWith('_'));
}

/** `type: 'word'` says by itself which member of a union this is. */
function isDiscriminant(member: ts.TypeElement): boolean {
  if (!ts.isPropertySignature(member) || member.questionToken || !member.type) return false;
  return ts.isLiteralTypeNode(member.type) && !ts.isInterfaceDeclaration(member.parent);
}

/** The public members below a declaration, those of object types written in place included. */
function membersOf(declaration: ts.Node): ts.Node[] {
  const members: ts.Node[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isBlock(node)) return;
    if (ts.isClassElement(node) && !isPublic(node)) return;
    if (ts.isClassElement(node)) members.push(node);
    // What an `info` of a constructor holds is documented at the fields that it becomes.
    if (ts.isConstructorDeclaration(node)) return;
    if (ts.isTypeElement(node) && !isDiscriminant(node)) members.push(node);
    ts.forEachChild(node, visit);
  };
  ts.forEachChild(declaration, visit);
  return members;
}

function nameOf(node: ts.Node): string {
  const parent = ts.findAncestor(node.parent, (up) => ts.isDeclarationStatement(up));
  const own = (node as ts.NamedDeclaration).name?.getText() ?? ts.SyntaxKind[node.kind];
  const file = relative(root, node.getSourceFile().fileName);
  return `${file}: ${parent?.name ? `${parent.name.getText()}.` : ''}${own}`;
}

const isOurs = (node: ts.Node): boolean => !node.getSourceFile().isDeclarationFile;
const declarations = exported.flatMap(declarationsOf).filter(isOurs);

interface Example {
  of: string;
  code: string;
}

function examplesOf(node: ts.Node): Example[] {
  return ts
    .getJSDocTags(node)
    .filter((tag) => tag.tagName.text === 'example')
    .map((tag) => ({ of: nameOf(node), code: ts.getTextOfJSDocComment(tag.comment) ?? '' }));
}

const examples = declarations.flatMap((node) => [node, ...membersOf(node)]).flatMap(examplesOf);

describe('public API', () => {
  it('has a doc comment on every exported name', () => {
    expect(declarations.length).toBeGreaterThan(80);
    expect(declarations.filter((node) => !isDocumented(node)).map(nameOf)).toEqual([]);
  });

  it('has a doc comment on every public member', () => {
    const members = declarations.flatMap(membersOf);
    expect(members.length).toBeGreaterThan(200);
    expect(members.filter((node) => !isDocumented(node)).map(nameOf)).toEqual([]);
  });

  it('has an example for every function', () => {
    const functions = exported.filter((symbol) => symbol.flags & ts.SymbolFlags.Function);
    expect(functions.length).toBeGreaterThan(20);
    const bare = functions.filter(
      (symbol) => !declarationsOf(symbol).some((node) => examplesOf(node).length),
    );
    expect(bare.map((symbol) => symbol.name)).toEqual([]);
  });
});

describe('examples', () => {
  const bad = { of: 'a bad one', code: "resample('loud', { fromHz: 8000, toHz: 24000 });" };
  let errors: string[] = [];
  beforeAll(() => {
    mkdirSync(folder, { recursive: true });
    errors = errorsIn([...examples, bad]);
  }, 60_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('compile', () => {
    expect(examples.length).toBeGreaterThan(25);
    expect(errors.filter((error) => !error.startsWith(bad.of))).toEqual([]);
  });

  it('are told apart from what does not compile', () => {
    expect(errors).toContainEqual(expect.stringMatching(/^a bad one: .*string/s));
  });
});

/** Each example is a module of its own, with the public names at hand and nothing else but what it imports itself. */
function errorsIn(codes: Example[]): string[] {
  const names = values.map((symbol) => symbol.name).join(', ');
  const files = new Map(
    codes.map((example, i) => {
      const file = join(folder, `example-${i}.ts`);
      writeFileSync(file, `import { ${names} } from '../../src/index.js';\n${example.code}\n`);
      return [file, example] as const;
    }),
  );
  // An example may well end with a name that the reader is to go on with.
  const unused = { noUnusedLocals: false };
  const compiled = ts.createProgram([...files.keys()], { ...options, ...unused }, undefined, program);
  return [...files].flatMap(([file, { of }]) => {
    const source = compiled.getSourceFile(file);
    return [...compiled.getSyntacticDiagnostics(source), ...compiled.getSemanticDiagnostics(source)].map(
      (error) => `${of}: ${ts.flattenDiagnosticMessageText(error.messageText, '\n')}`,
    );
  });
}
