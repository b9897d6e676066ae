import { describe, expect, it } from 'vitest';
import type { PronunciationDictionary } from '../../../src/gradium/index.js';
import { folderWith } from './folder.js';
import { sluice } from './run.js';
import { service } from './service.js';

const RULES = ['--rule', 'SQL=sequel', '--rule', 'GIF=jif'];
const PREVIEW = ['pronunciations', 'preview', 'a'];
const CREATE = ['pronunciations', 'create', '--name', 'Office', '--language', 'en', ...RULES];

describe('sluice pronunciations preview', () => {
  it('sluice pronunciations preview shows a text as rules have it said, without a key', async () => {
    const args = ['pronunciations', 'preview', 'SQL in a gif', ...RULES];
    expect(await sluice(args)).toMatchObject({ code: 0, stdout: 'sequel in a jif\n', stderr: '' });
    const exact = await sluice([...args, '--case-sensitive', '--json']);
    expect(JSON.parse(exact.stdout)).toEqual({ text: 'SQL in a gif', rewritten: 'sequel in a gif' });
  });

  it.each<[string, unknown]>([
    ['a list', [{ original: 'SQL', rewrite: 'sequel' }]],
    [
      'a dictionary',
      { name: 'x', rules: [{ id: 1, original: 'SQL', rewrite: 'sequel', caseSensitive: true }] },
    ],
    [
      'a dictionary of the service',
      { rules: [{ original: 'SQL', rewrite: 'sequel', case_sensitive: true }] },
    ],
  ])(
    'sluice pronunciations preview takes %s from a file, and the text from standard input',
    async (_, rules) => {
      const cwd = folderWith({ 'rules.json': `\uFEFF${JSON.stringify(rules)}` });
      const args = ['pronunciations', 'preview', '-', '--rules', 'rules.json'];
      expect(await sluice(args, { cwd, stdin: 'SQL\nÉté\n' })).toMatchObject({
        code: 0,
        stdout: 'sequel\nÉté\n',
      });
    },
  );

  it('sluice pronunciations preview takes the rules from standard input', async () => {
    const stdin = '[{"original":"a","rewrite":"b"}]';
    const args = ['pronunciations', 'preview', 'a', '--rules', '-'];
    expect(await sluice(args, { stdin })).toMatchObject({ code: 0, stdout: 'b\n' });
  });

  it.each([
    ['no JSON', '{', /rules\.json: no JSON: .*\n {2}next: rules are JSON, such as \[/],
    ['a number', '7', /neither a list of rules nor a dictionary/],
    ['a dictionary without rules', '{"name":"x"}', /neither a list of rules nor a dictionary/],
    ['no original', '[{"rewrite":"b"}]', /rule 1 has no "original"/],
    ['an empty original', '[{"original":"","rewrite":"b"}]', /rule 1 has no "original"/],
    ['no rewrite', '[{"original":"a","rewrite":"b"},{"original":"a"}]', /rule 2 has no "rewrite"/],
    ['a rule that is none', '["a=b"]', /rule 1 has no "original"/],
    [
      'a field that no rule has',
      '[{"original":"a","rewrite":"b","case":true}]',
      /rule 1 has "case", which no rule has/,
    ],
    [
      'a flag that is none',
      '[{"original":"a","rewrite":"b","caseSensitive":"yes"}]',
      /neither true nor false/,
    ],
  ])('sluice pronunciations refuses a file with %s, exit 2', async (_, text, message) => {
    const cwd = folderWith({ 'rules.json': text });
    const { code, stdout, stderr } = await sluice([...PREVIEW, '--rules', 'rules.json'], { cwd });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });

  it.each([
    ['create', '--name', 'x', '--language', 'en'],
    ['update', 'x'],
  ])(
    'sluice pronunciations %s refuses a file without rules before anybody is asked, exit 2',
    async (...command) => {
      const cwd = folderWith({ 'rules.json': '{}' });
      const { code, stdout, stderr } = await sluice(['pronunciations', ...command, '--rules', 'rules.json'], {
        cwd,
      });
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(/neither a list of rules nor a dictionary/);
    },
  );

  it.each([
    ['no rules', ['preview', 'a'], /there are no rules\n {2}next: add --rule/],
    ['rules twice', ['preview', 'a', ...RULES, '--rules', 'x'], /both say.*next: leave one/s],
    ['rules and an id', ['preview', 'a', ...RULES, '--id', 'x'], /both say.*next: leave one/s],
    ['one input for two', ['preview', '-', '--rules', '-'], /cannot be the text and the rules\n {2}next: /],
    [
      '--case-sensitive alone',
      ['update', 'x', '--case-sensitive'],
      /is about --rule\n {2}next: say "caseSens/,
    ],
    ['a rule that is none', ['preview', 'a', '--rule', 'a:b'], /A rule is ORIGINAL=REWRITE/],
    ['a rule without original', ['preview', 'a', '--rule', ' =b'], /A rule is ORIGINAL=REWRITE/],
    ['a dictionary without rules', ['create', '--name', 'x', '--language', 'en'], /there are no rules/],
    [
      'a dictionary without a name',
      ['create', '--language', 'en', ...RULES],
      /needs --name\n {2}next: add --name/,
    ],
    ['a dictionary without a language', ['create', '--name', 'x', ...RULES], /needs --language/],
    ['nothing to change', ['update', 'x'], /nothing to change\n {2}next: /],
  ])('sluice pronunciations refuses %s, exit 2', async (_, args, message) => {
    const { code, stdout, stderr } = await sluice(['pronunciations', ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });
});

describe('sluice pronunciations', () => {
  it('sluice pronunciations makes, lists, speaks by, changes and deletes a dictionary', async () => {
    const { run, done } = await service({ mode: 'strict' });
    expect(await run(['pronunciations', 'list'])).toMatchObject({ code: 0, stdout: '' });
    const id = (await done([...CREATE, '--description', 'of the office'])).trim();
    expect(id).toMatch(/^\S+$/);
    const table = (await done(['pronunciations', 'list', '--language', 'en'])).trimEnd().split('\n');
    expect(table.map((line) => line.split(/ {2,}/))).toEqual([
      ['id', 'name', 'language', 'rules', 'description'],
      [id, 'Office', 'en', '2', 'of the office'],
    ]);
    expect(await done(['pronunciations', 'list', '--language', 'fr', '--json'])).toBe('[]\n');
    expect(await done(['pronunciations', 'preview', 'SQL in a GIF', '--id', id])).toBe('sequel in a jif\n');

    const folder = folderWith();
    await done(['speak', 'SQL in a GIF', '--pronunciation', id, '-o', 'x.wav'], { cwd: folder });
    expect(await done(['transcribe', 'x.wav'], { cwd: folder })).toBe('sequel in a jif\n');

    const changes = ['--name', 'Home', '--no-description', '--rule', 'SQL=S Q L', '--case-sensitive'];
    const changed = JSON.parse(await done(['pronunciations', 'update', id, ...changes]));
    expect(changed).toMatchObject({
      ...{ id, name: 'Home', language: 'en' },
      rules: [{ original: 'SQL', rewrite: 'S Q L', caseSensitive: true }],
    });
    expect(changed).not.toHaveProperty('description');
    expect(JSON.parse(await done(['pronunciations', 'get', id, '--json']))).toEqual(changed);
    expect(await done(['pronunciations', 'delete', id])).toBe(`${id}\n`);
    expect(await done(['pronunciations', 'list', '--json'])).toBe('[]\n');
  });

  it('sluice pronunciations get prints what create and update take again', async () => {
    const { done } = await service();
    const id = (await done([...CREATE, '--description', 'of the office'])).trim();
    const json = await done(['pronunciations', 'get', id]);
    const args = ['pronunciations', 'create', '--rules', '-', '--json'];
    const copy = JSON.parse(
      await done([...args, '--name', 'A copy'], { stdin: json }),
    ) as PronunciationDictionary;
    const original = JSON.parse(json) as PronunciationDictionary;
    const told = ({ language, description, rules }: PronunciationDictionary) => ({
      ...{ language, description },
      rules: rules.map(({ id: _, ...rule }) => rule),
    });
    expect(copy.name).toBe('A copy');
    expect(copy.id).not.toBe(id);
    expect(told(copy)).toEqual(told(original));
    const back = await done(['pronunciations', 'update', copy.id, '--rules', '-'], { stdin: json });
    expect(JSON.parse(back)).toMatchObject({ id: copy.id, name: 'Office' });
    const renamed = ['pronunciations', 'update', copy.id, '--rules', '-', '--name', 'Mine'];
    const mine = JSON.parse(await done(renamed, { stdin: json }));
    expect(mine).toMatchObject({ name: 'Mine', description: 'of the office' });
  });

  it('sluice pronunciations of an id that is not there says where ids are, exit 1', async () => {
    const { run } = await service();
    for (const args of [
      ['get', 'none'],
      ['update', 'none', '--name', 'x'],
      ['delete', 'none'],
      ['preview', 'text', '--id', 'none'],
    ]) {
      const { code, stdout, stderr } = await run(['pronunciations', ...args]);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(/HTTP 404.*\n {2}next: "sluice pronunciations list" shows the ids there are\n$/);
    }
  });

  it('sluice pronunciations with a bad key, and without one, exit 3', async () => {
    const { run } = await service({ keys: ['good'] });
    const { code, stderr } = await run(CREATE);
    expect(code).toBe(3);
    expect(stderr).toMatch(/HTTP 401.*\n {2}next: check GRADIUM_API_KEY/);
    expect((await sluice(CREATE)).code).toBe(3);
    expect((await sluice([...CREATE, '--sandbox'])).code).toBe(0);
  });
});
