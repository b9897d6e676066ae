import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type CatalogueVoice, type Voice, voiceCatalogue } from '../../../src/gradium/index.js';
import { folderWith } from './folder.js';
import { sluice } from './run.js';
import { service } from './service.js';

const SAMPLE = fileURLToPath(new URL('../../fixtures/audio/wav/speech-16k-mono-s16.wav', import.meta.url));

const CREATE = ['voices', 'create', SAMPLE, '--language', 'en', '--name'];

describe('sluice voices list --catalogue', () => {
  it('sluice voices list --catalogue needs neither key nor network, and gives every voice', async () => {
    const { code, stdout, stderr } = await sluice(['voices', 'list', '--catalogue', '--json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual(voiceCatalogue.voices);
  });

  it('sluice voices list --catalogue chooses by all that is asked', async () => {
    const args = ['voices', 'list', '--catalogue', '--json', '--language', 'FR', '--gender', 'feminine'];
    const { stdout } = await sluice(args);
    const voices = JSON.parse(stdout) as CatalogueVoice[];
    expect(voices).toEqual(voiceCatalogue.search({ language: 'fr', gender: 'feminine' }));
    const more = ['--country', 'fr', '--age', 'adult', '--flagship', '--text', 'WARM', '--name', 'elise'];
    const one = JSON.parse((await sluice([...args, ...more])).stdout) as CatalogueVoice[];
    expect(one.map(({ id }) => id)).toEqual(['b35yykvVppLXyw_l']);
  });

  it('sluice voices list --catalogue prints a table with whole descriptions where there is no terminal', async () => {
    const args = ['voices', 'list', '--catalogue', '--flagship', '--language', 'pt'];
    const [head, ...rows] = (await sluice(args)).stdout.trimEnd().split('\n');
    expect(head?.split(/ +/)).toEqual(['id', 'name', 'language', 'country', 'gender', 'age', 'description']);
    const voices = voiceCatalogue.search({ flagship: true, language: 'pt' });
    expect(rows.map((row) => row.split(/ {2,}/))).toEqual(
      voices.map(({ id, name, language, country, gender, age, description }) => [
        ...[id, name, language, country, gender, age, description],
      ]),
    );
  });

  it('sluice voices list --catalogue says so when no voice is like that, exit 0', async () => {
    const args = ['voices', 'list', '--catalogue', '--name', 'Nobody'];
    expect(await sluice(args)).toMatchObject({
      code: 0,
      stdout: '',
      stderr: expect.stringContaining('no voice'),
    });
    expect(await sluice([...args, '--json'])).toMatchObject({ code: 0, stdout: '[]\n' });
  });

  it.each([
    ['a gender that no voice has', ['--catalogue', '--gender', 'loud'], /gender must be one of feminine/],
    [
      'a filter without --catalogue',
      ['--language', 'fr'],
      /--language chooses from the catalogue alone.*next: /s,
    ],
    ['--all beside it', ['--all', '--catalogue'], /two lists.*next: leave one/s],
  ])('sluice voices list refuses %s, exit 2', async (_, args, message) => {
    const { code, stdout, stderr } = await sluice(['voices', 'list', ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });
});

describe('sluice voices', () => {
  it('sluice voices makes, shows, changes, speaks with and deletes a voice', async () => {
    const { run, done } = await service({ mode: 'strict' });
    expect(await run(['voices', 'list'])).toMatchObject({
      code: 0,
      stdout: '',
      stderr: expect.stringContaining('no voices'),
    });

    const created = await run([...CREATE, 'Front desk', '--description', 'calm, low', '--start', '0.5']);
    expect(created).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\S+\n$/) });
    const id = created.stdout.trim();
    expect(await done(['voices', 'get', '--', id])).toMatch(
      new RegExp(
        `^id\\s+${id}\nname\\s+Front desk\nlanguage\\s+en\nkind\\s+own\n.*from 0\\.5 s\ndescription\\s+calm, low\n$`,
        's',
      ),
    );
    const voice = JSON.parse(await done(['voices', 'get', '--json', '--', id])) as Voice;
    expect(voice).toMatchObject({ id, name: 'Front desk', language: 'en', startS: 0.5, isCatalog: false });
    expect(JSON.parse(await done(['voices', 'list', '--json']))).toEqual([voice]);
    const table = (await done(['voices', 'list'])).trimEnd().split('\n');
    expect(table.map((line) => line.split(/ {2,}/)[0])).toEqual(['id', id]);

    const changes = ['--name', 'Evening', '--no-description', '--start', '1'];
    expect(await done(['voices', 'update', ...changes, '--', id])).toMatch(/\nname\s+Evening\n/);
    const changed = JSON.parse(await done(['voices', 'get', '--json', '--', id]));
    expect(changed).toMatchObject({ name: 'Evening', startS: 1, language: 'en' });
    expect(changed).not.toHaveProperty('description');

    const folder = folderWith();
    await done(['speak', 'hello there', '--voice', id, '-o', 'x.wav'], { cwd: folder });
    expect(await done(['transcribe', 'x.wav'], { cwd: folder })).toBe('hello there\n');

    expect(await done(['voices', 'delete', '--', id])).toBe(`${id}\n`);
    expect(await done(['voices', 'list', '--json'])).toBe('[]\n');
  });

  it('sluice voices create takes a recording from standard input', async () => {
    const { done } = await service();
    const args = ['voices', 'create', '-', '--name', 'Ada', '--language', 'fr', '--json'];
    const { id, wasUpdated } = JSON.parse(await done(args, { stdin: readFileSync(SAMPLE) }));
    expect(wasUpdated).toBe(false);
    expect(JSON.parse(await done(['voices', 'get', '--json', '--', id]))).toMatchObject({
      name: 'Ada',
      language: 'fr',
    });
  });

  it("sluice voices list --all has the service's own voices too", async () => {
    const { done } = await service();
    const id = (await done([...CREATE, 'Mine'])).trim();
    const voices = JSON.parse(await done(['voices', 'list', '--all', '--json'])) as Voice[];
    expect(voices.filter(({ isCatalog }) => !isCatalog).map((voice) => voice.id)).toEqual([id]);
    expect(voices.filter(({ isCatalog }) => isCatalog).length).toBe(voiceCatalogue.voices.length);
    const table = await done(['voices', 'list', '--all']);
    expect(table).toMatch(new RegExp(`^${id} .* own$`, 'm'));
    expect(table).toMatch(/^YTpq7expH9539ERJ +Emma +en +catalogue +US, adult, feminine +A pleasant/m);
  });

  it('sluice voices delete tells each id, goes on after one that is not there, and exits with 1', async () => {
    const { run, done } = await service();
    const ids = [(await done([...CREATE, 'A'])).trim(), (await done([...CREATE, 'B'])).trim()];
    const [first, second] = ids;
    const { code, stdout, stderr } = await run(['voices', 'delete', '--', String(first), 'nobody', ...ids]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: `${first}\n${second}\n` });
    expect(stderr).toMatch(/^sluice: nobody: .*404.*\n {2}next: "sluice voices list" shows/);
    expect(await done(['voices', 'list', '--json'])).toBe('[]\n');
  });

  it('sluice voices delete --json has a line for each id', async () => {
    const { run, done } = await service();
    const id = (await done([...CREATE, 'A'])).trim();
    const { code, stdout } = await run(['voices', 'delete', '--json', '--', 'nobody', id]);
    expect(code).toBe(1);
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { id: 'nobody', deleted: false, error: expect.objectContaining({ code: 'ERR_SPEECH_API' }) },
      { id, deleted: true },
    ]);
  });

  it.each([
    ['get', []],
    ['update', ['--name', 'x']],
  ])('sluice voices %s of an id that is not there says where ids are, exit 1', async (command, more) => {
    const { run } = await service();
    const { code, stdout, stderr } = await run(['voices', command, 'nobody', ...more]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/HTTP 404.*\n {2}next: "sluice voices list" shows the ids of your voices\n$/);
  });

  it('sluice voices create says what to do about a recording that will not do, exit 1', async () => {
    const { run } = await service();
    const { code, stdout, stderr } = await run([...CREATE, 'x', '--start', '3600']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/made no voice: .*\n {2}next: choose other seconds with --start/);
  });

  it('sluice voices passes on what the service objects to, exit 1', async () => {
    const { run } = await service();
    const { code, stdout, stderr } = await run([
      'voices',
      'create',
      SAMPLE,
      '--name',
      'x',
      '--language',
      'xx',
    ]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/HTTP 422.*language.*\n {2}next: change what the service objects to/s);
  });

  it.each([
    ['an id that is none', ['get', '..'], /ERR_INVALID_ARG/],
    ['a change that is none', ['update', 'x'], /nothing to change\n {2}next: name what is to change/],
    ['a misspelt option', ['get', '--jason', 'x'], /unknown option '--jason'\n\(Did you mean --json\?\)/],
    ['another beside an id with a hyphen', ['get', '-uP9MuGtBqAvEyxI', '-j'], /unknown option/],
    ['a misspelt short one', ['delete', '-sandbox', 'x'], /unknown option '-sandbox'/],
    ['a voice without a name', ['create', SAMPLE, '--language', 'en'], /required option '-n, --name <name>'/],
    ['a voice of any language', [...CREATE.slice(1), 'x', '--language', 'any'], /Name the language/],
    ['a start that is none', [...CREATE.slice(1), 'x', '--start', '-1'], /number of seconds from 0 to 86400/],
  ])('sluice voices refuses %s, exit 2', async (_, args, message) => {
    const { run } = await service();
    const { code, stdout, stderr } = await run(['voices', ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });

  it('sluice voices takes an id that begins with a hyphen for an id', async () => {
    const { run } = await service();
    const mia = '-uP9MuGtBqAvEyxI';
    for (const args of [
      [mia, '--json'],
      ['--json', mia],
      ['--json', '--', mia],
    ]) {
      const { code, stdout } = await run(['voices', 'get', ...args]);
      expect({ code, ...JSON.parse(stdout) }).toMatchObject({ code: 0, id: mia, name: 'Mia' });
    }
    const { code, stderr } = await run(['voices', 'delete', 'x', '-8ZoUJpVU98rxpv9', 'y']);
    expect(code).toBe(1);
    for (const id of ['x', '-8ZoUJpVU98rxpv9', 'y']) expect(stderr).toContain(`sluice: ${id}: `);
  });

  it('sluice voices create of a folder names it, exit 1', async () => {
    const folder = folderWith();
    const { code, stderr } = await sluice(['voices', 'create', folder, '--name', 'x', '--language', 'en']);
    expect(code).toBe(1);
    expect(stderr).toBe(
      `sluice: EISDIR: illegal operation on a directory, read '${folder}'\n  next: name a file, not a folder\n`,
    );
  });

  it('sluice voices create of a file that is not there fails before anybody is asked, exit 1', async () => {
    const missing = join(folderWith(), 'none.wav');
    const { code, stderr } = await sluice(['voices', 'create', missing, '--name', 'x', '--language', 'en']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/ENOENT.*\n {2}next: check the path\n$/);
  });

  it.each([['list'], ['get', 'x'], ['delete', 'x', 'y']])(
    'sluice voices %s with a bad key tells it once, exit 3',
    async (...args) => {
      const { run } = await service({ keys: ['good'] });
      const { code, stdout, stderr } = await run(['voices', ...args]);
      expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
      expect(stderr.match(/HTTP 401/g)).toHaveLength(1);
      expect(stderr).toMatch(/\n {2}next: check GRADIUM_API_KEY/);
    },
  );

  it('sluice voices without a key says how to get one, exit 3, and --sandbox needs none', async () => {
    expect(await sluice(['voices', 'list'])).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/no API key.*--sandbox/s),
    });
    const { code, stdout, stderr } = await sluice([...CREATE, 'x', '--sandbox']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^\S+\n$/) });
    expect(stderr).toMatch(/^sluice: using the built-in sandbox, not the Gradium service/);
  });
});
