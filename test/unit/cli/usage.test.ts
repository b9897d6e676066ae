import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { WIRE_FORMATS } from '../../../src/format.js';
import { folderWith } from './folder.js';
import { sluice } from './run.js';

const packageJson = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));

describe('sluice', () => {
  it('sluice --version prints the version of the package', async () => {
    expect(await sluice(['--version'])).toMatchObject({
      code: 0,
      stdout: `${packageJson.version}\n`,
      stderr: '',
    });
  });

  it.each([
    ...[[[]], [['transcribe']], [['speak']], [['convert']], [['probe']], [['rewrite']], [['sandbox']]],
    ...[[['credits']], [['usage']], [['tokens']], [['tokens', 'create']]],
    ...[[], ['list'], ['get'], ['create'], ['update'], ['delete']].map((command) => [['voices', ...command]]),
    ...[[], ['list'], ['get'], ['create'], ['update'], ['delete'], ['preview']].map((command) => [
      ['pronunciations', ...command],
    ]),
  ])('sluice %j --help shows examples on standard output', async (command) => {
    const { code, stdout, stderr } = await sluice([...command, '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(['Usage: sluice', ...command].join(' '));
    expect(stdout).toMatch(/Examples:\n {2}\$ .*sluice /);
  });

  it.each([['voices'], ['pronunciations'], ['tokens']])(
    'sluice %s alone shows its commands, exit 2',
    async (command) => {
      const { code, stdout, stderr } = await sluice([command]);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(/^Usage: sluice .*Commands:/s);
    },
  );

  it.each([
    ['nothing', [], /Usage: sluice/],
    ['an unknown command', ['transcrbe'], /unknown command 'transcrbe'.*transcribe.*next: add --help/s],
    ['an unknown option', ['probe', 'x.wav', '--jsn'], /unknown option '--jsn'.*--json.*next: /s],
    ['a missing argument', ['transcribe'], /missing required argument 'inputs'.*next: /s],
    ['-o with an empty string', ['transcribe', 'x.wav', '-o', ''], /-o is an empty string.*next: /s],
    [
      '-o with -',
      ['transcribe', 'x.wav', '-o', '-'],
      /-o names a folder, and - is none.*next: leave -o out/s,
    ],
    ['a bad concurrency', ['transcribe', 'x.wav', '-c', '0'], /whole number from 1 to 10000/],
    ['a bad format', ['transcribe', 'x.wav', '-f', 'txt,docx'], /txt, json, srt, vtt/],
    ['a bad language', ['transcribe', 'x.wav', '-l', 'English!'], /en, fr, de, es, pt, or any/],
    ['an empty keyword', ['transcribe', 'x.wav', '--keywords', 'one,,two'], /single words, up to 500/],
    ['a keyword of two words', ['transcribe', 'x.wav', '--keywords', 'one two'], /single words, up to 500/],
    ['a translation to any language', ['transcribe', 'x.wav', '--translate-to', 'any'], /Name the language/],
    [
      'a bad transport',
      ['transcribe', 'x.wav', '--transport', 'http'],
      /Allowed choices are websocket, post/,
    ],
    [
      'a bad transport',
      ['speak', 'x', '-o', 'x.wav', '--transport', 'http'],
      /Allowed choices are websocket/,
    ],
    ['a bad wire format', ['transcribe', 'x.wav', '--wire', 'mp3'], /Allowed choices are auto, pcm/],
    ['a bad progress mode', ['transcribe', 'x.wav', '--progress', 'bar'], /Allowed choices are auto, live/],
    [
      'a pattern without a match',
      ['transcribe', 'nothing-*.wav'],
      /no file matches nothing-\*\.wav\n {2}next: /,
    ],
    [
      'several formats at once',
      ['transcribe', 'x.wav', '-f', 'txt,srt'],
      /cannot share standard output\n {2}next: add -o/,
    ],
    [
      'subtitles of several inputs',
      ['transcribe', 'x.wav', 'y.wav', '-f', 'vtt'],
      /cannot share.*next: add -o/s,
    ],
    [
      'colliding outputs',
      ['transcribe', 'x.wav', 'x.wave', '-o', 'out'],
      /would both be written to x\.\*\n {2}next: /,
    ],
    ['an output without a name', ['speak', 'hello', '-o', ''], /argument '' is invalid.*variables/],
    ['no output', ['speak', 'hello'], /required option '-o, --output <file>'.*next: /s],
    [
      'an output without a format',
      ['speak', 'hello', '-o', 'x.raw'],
      /does not say which format\D*\n {2}next: /,
    ],
    [
      'a WAV under another name',
      ['speak', 'hello', '-o', 'x.raw', '--output-format', 'wav'],
      /would hold a WAV/,
    ],
    ['nothing to say', ['speak', ' ', '-o', 'x.wav', '--sandbox'], /no text to speak/],
    [
      'an output that cannot be written',
      ['convert', 'x.wav', 'x.mp3'],
      /the name says no format that can be written\n {2}next: name it \.wav/,
    ],
    ['a bad rate', ['convert', 'x.wav', 'y.wav', '--rate', '999'], /whole number from 1000 to 192000/],
    [
      'an Opus file under another name',
      ['speak', 'hello', '-o', 'x.raw', '--output-format', 'opus'],
      /x\.raw would hold Ogg Opus\n {2}next: name it \.opus/,
    ],
    [
      'raw samples under the name of Opus',
      ['speak', 'hello', '-o', 'x.ogg', '--output-format', 'pcm_8000'],
      /x\.ogg would hold raw samples\n {2}next: name it \.raw, or \.wav/,
    ],
    [
      'a WAV under the name of Opus',
      ['speak', 'hello', '-o', 'x.opus', '--output-format', 'wav'],
      /x\.opus would hold a WAV\n {2}next: name it \.wav/,
    ],
    [
      'a name that several voices have',
      ['speak', 'hello', '-o', 'new/x.wav', '--voice', 'thomas', '--sandbox'],
      /--voice: thomas is the name of 2 voices; .*8nsAoui8Y5RK9PYw.*\n {2}next: .*sluice voices list --catalogue --text "thomas"\n/,
    ],
    [
      'a name that two voices of the language have',
      ['speak', 'hello', '-o', 'x.wav', '--voice', 'Sarah', '--language', 'fr', '--sandbox'],
      /--voice: Sarah is the name of 2 voices that speak fr/,
    ],
    [
      'an empty voice',
      ['speak', 'hello', '-o', 'x.wav', '--voice', '', '--sandbox'],
      /name must not be empty/,
    ],
    ['a bad codec', ['convert', 'x.wav', 'y.wav', '--codec', 'mp3'], /Allowed choices are s16, s24/],
    ['a bad port', ['sandbox', '--port', '70000'], /whole number from 0 to 65535/],
    ['a bad route', ['sandbox', '--self-hosted', 'asr'], /Allowed choices are stt, tts, s2s/],
    ['an empty key', ['sandbox', '--key', ''], /keys must be .* not empty/],
    ['no sessions', ['sandbox', '--concurrency', '0'], /whole number from 1 to 1000000/],
    ['a bad limit', ['sandbox', '--session-limit', '-1'], /whole number from 0 to 86400/],
    ['no characters', ['sandbox', '--max-chars', '0'], /whole number from 1/],
    ['a bad fault', ['sandbox', '--fault', 'explode'], /Unknown fault "explode".*next: /s],
  ])('sluice refuses %s with exit 2', async (_, args, message) => {
    const { code, stdout, stderr } = await sluice(args, { cwd: folderWith() });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it.each([
    ['transcribe', ['transcribe', '--sandbox', 'a.wav', '-o', 'taken']],
    ['speak', ['speak', '--sandbox', 'hello', '-o', 'taken/x.wav']],
    ['convert', ['convert', '-', 'taken/x.wav']],
  ])('sluice %s refuses a destination that cannot be written before any work, exit 2', async (_, args) => {
    const folder = folderWith(['taken', 'a.wav']);
    const { code, stdout, stderr } = await sluice(args, { cwd: folder });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    // Nothing before it: no server was started, no file opened.
    expect(stderr).toMatch(
      /^sluice: taken is not a folder that can be written to: (EEXIST|ENOTDIR)\n {2}next: .+\n$/,
    );
  });

  it.each([
    ['GRADIUM_BASE_URL', 'foo:bar', 'must begin with http'],
    ['GRADIUM_BASE_URL', 'not a url', 'is not a URL'],
    ['GRADIUM_API_KEY', 'two words', 'is empty or holds characters that none has (spaces'],
  ])('sluice names %s when it is "%s", exit 2', async (variable, value, message) => {
    const env = { GRADIUM_API_KEY: 'any', [variable]: value };
    const { code, stderr } = await sluice(['transcribe', join(folderWith(['a.wav']), 'a.wav')], { env });
    expect(code).toBe(2);
    expect(stderr).toContain(`sluice: ${variable} ${message}`);
    expect(stderr).toMatch(new RegExp(`\\n {2}next: .*${variable}`));
    expect(stderr).not.toContain('--help');
  });

  it('sluice without a key says how to get one and how to try without, exit 3', async () => {
    const folder = folderWith(['a.wav']);
    for (const args of [
      ['transcribe', join(folder, 'a.wav')],
      ['speak', 'hello', '-o', join(folder, 'b.wav')],
    ]) {
      const { code, stderr } = await sluice(args);
      expect(code).toBe(3);
      expect(stderr).toMatch(/no API key.*https:\/\/gradium\.ai.*GRADIUM_API_KEY.*--sandbox/s);
    }
  });

  it.each(['transcribe', 'speak'])('sluice %s takes every wire format', async (command) => {
    const { stdout } = await sluice([command, '--help']);
    for (const wire of WIRE_FORMATS) expect(stdout).toContain(`"${wire}"`);
  });
});
