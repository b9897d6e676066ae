import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { describeError, describeWarning, errorFacts, UsageError, WARNINGS } from '../../../src/cli/errors.js';
import { ConnectionError, FormatError, SpeechApiError } from '../../../src/errors.js';

afterEach(() => {
  delete process.env.SLUICE_DEBUG;
});

describe('describeError', () => {
  it('describeError names file, message, code and byte offset', () => {
    const error = new FormatError('fmt chunk of 17 bytes; export it again', 'ERR_WAV_BAD_FMT', 16);
    expect(describeError(error, 'calls/7.wav')).toBe(
      'sluice: calls/7.wav: fmt chunk of 17 bytes; export it again (ERR_WAV_BAD_FMT, byte 16)\n',
    );
  });

  it.each([
    'ENOENT',
    'EACCES',
    'EEXIST',
    'EROFS',
    'ENAMETOOLONG',
    'ENOSPC',
    'ERR_CONNECT',
    'ERR_TIMEOUT',
    'ERR_CLOSED_EARLY',
    'ERR_NO_API_KEY',
  ])('describeError says what to do next after %s', (code) => {
    expect(describeError(Object.assign(new Error('it failed'), { code }), 'x.wav')).toMatch(
      new RegExp(`^sluice: x\\.wav: it failed \\(${code}\\)\n  next: .+\n$`),
    );
  });

  it('describeError names file and code once', () => {
    const error = Object.assign(new Error("x.wav: ENOENT: no such file, open 'x.wav'"), { code: 'ENOENT' });
    expect(describeError(error, 'x.wav')).toMatch(/^sluice: x\.wav: ENOENT: no such file, open 'x\.wav'\n/);
    expect(errorFacts(error)).toMatchObject({ message: error.message, code: 'ENOENT' }); // JSON has every field
  });

  it('describeError tells an account from a request, and what may pass from what will not', () => {
    const about = (apiCode: number, message: string, retryable: boolean) =>
      describeError(new SpeechApiError(message, { apiCode, retryable, requestId: 'req-9' }));
    expect(about(1008, 'API key expired', false)).toContain('next: check GRADIUM_API_KEY');
    expect(about(1011, 'worker lost', true)).toMatch(
      /worker lost \(ERR_SPEECH_API, request req-9\)\n {2}next: try again/,
    );
    expect(about(1008, 'bad voice', false)).toContain(
      'next: check --language, --model, --voice and --pronunciation; quote',
    );
    const refused = new SpeechApiError('refused: HTTP 404', { apiCode: 404, retryable: false });
    expect(describeError(refused)).toMatch(/next: check that GRADIUM_BASE_URL names a Gradium service/);
    expect(about(422, 'body.language: Input should be …', false)).toContain(
      'next: change what the service objects to',
    );
  });

  it('describeError names no option that the command may not have', () => {
    const error = new SpeechApiError('worker lost', { apiCode: 1011, retryable: true });
    expect(describeError(error)).not.toContain('--');
    expect(describeError(error, 'x.wav', 'lower --concurrency')).toContain('\n  next: lower --concurrency\n');
    const timeout = Object.assign(new Error('late'), { code: 'ERR_TIMEOUT' });
    expect(errorFacts(timeout, 'lower --concurrency').next).toBe('lower --concurrency');
  });

  it('describeError shows a stack only with SLUICE_DEBUG', () => {
    const error = new ConnectionError('refused', { code: 'ERR_CONNECT', phase: 'connect', retryable: true });
    expect(describeError(error)).not.toContain('errors.test.ts');
    process.env.SLUICE_DEBUG = '1';
    expect(describeError(error)).toContain('errors.test.ts');
  });

  it('describeError takes anything that can be thrown', () => {
    expect(describeError(undefined)).toBe('sluice: undefined\n');
    expect(describeError('text')).toBe('sluice: text\n');
    expect(describeError(new UsageError('what', 'do this'))).toBe('sluice: what\n  next: do this\n');
  });

  it('describeWarning says what was done about it', () => {
    expect(describeWarning('x.wav', 'truncated')).toBe(
      'sluice: x.wav: warning: truncated: the file is cut off before its end; what is there is used\n',
    );
    expect(describeWarning('x.wav', 'new-one')).toBe('sluice: x.wav: warning: new-one\n');
  });

  it('describeWarning has a text for every code of the core and of the clients, and for no other', () => {
    const root = new URL('../../../', import.meta.url);
    const codesOf = (header: string, name: string) => {
      const core = readFileSync(new URL(header, root), 'utf8');
      const list = new RegExp(`#define ${name}\\(.*?\\n\\n`, 's').exec(core)?.[0] ?? '';
      const codes = [...list.matchAll(/X\(\w+, "([^"]+)"\)/g)].map(([, code]) => code);
      expect(codes.length, name).toBeGreaterThan(5);
      return codes;
    };
    const ofWav = codesOf('native/core/wav_reader.h', 'SLUICE_WAV_WARNINGS');
    const ofOgg = codesOf('native/core/ogg_page.h', 'SLUICE_OGG_WARNINGS');
    const clients = new URL('src/gradium/', root);
    const ofClients = readdirSync(clients)
      .map((name) => readFileSync(new URL(name, clients), 'utf8'))
      .flatMap((text) => [...text.matchAll(/warnings\.add\('([^']+)'\)/g)].map(([, code]) => code));
    expect(ofClients).toContain('no-audio');
    const ofCommands = ['wav-header-as-samples', 'ogg-pages-as-samples'];
    const ofFfmpeg = ['decode-errors'];
    const expected = new Set([...ofWav, ...ofOgg, ...ofClients, ...ofCommands, ...ofFfmpeg]);
    expect(Object.keys(WARNINGS).sort()).toEqual([...expected].sort());
  });
});
