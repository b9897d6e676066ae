import { describe, expect, it } from 'vitest';
import { ConnectionError, SpeechApiError } from '../../../src/errors.js';
import {
  closeError,
  httpError,
  quoted,
  retryAfterSeconds,
  serviceError,
  socketError,
} from '../../../src/speech/service-errors.js';

const context = { phase: 'stream', requestId: 'req-9', secrets: ['gd_secret'] } as const;

describe('serviceError', () => {
  it('carries message, code, request id and whether a retry can help', () => {
    const error = serviceError('bad setup', 1008, context);
    expect(error).toBeInstanceOf(SpeechApiError);
    expect(error).toMatchObject({ apiCode: 1008, requestId: 'req-9', retryable: false });
    expect(error.message).toBe('the service reported an error: bad setup (code 1008, request req-9)');
  });

  it.each([
    [1008, false],
    [1011, true],
    [1012, true],
    [1013, true],
    [400, false],
    [401, false],
    [408, true],
    [429, true],
    [500, true],
    [503, true],
    [undefined, true],
  ])('takes code %s for retryable: %s', (code, retryable) => {
    expect(serviceError('x', code, context).retryable).toBe(retryable);
  });

  it('says so when the service gave no reason', () => {
    expect(serviceError('', undefined, { ...context, requestId: undefined }).message).toBe(
      'the service reported an error: no reason given',
    );
  });
});

describe('closeError', () => {
  it.each([
    [1000, ConnectionError, 'ERR_CLOSED_EARLY', true],
    [1001, ConnectionError, 'ERR_CLOSED_EARLY', true],
    [1005, ConnectionError, 'ERR_CLOSED_EARLY', true],
    [1006, ConnectionError, 'ERR_CLOSED_EARLY', true],
    [1002, ConnectionError, 'ERR_PROTOCOL', false],
    [1009, ConnectionError, 'ERR_PROTOCOL', false],
    [1008, SpeechApiError, 'ERR_SPEECH_API', false],
    [1011, SpeechApiError, 'ERR_SPEECH_API', true],
    [1013, SpeechApiError, 'ERR_SPEECH_API', true],
    [4000, ConnectionError, 'ERR_CLOSED_EARLY', true],
  ])('makes of code %i the right error', (closeCode, type, code, retryable) => {
    const error = closeError(closeCode, 'bye', context);
    expect(error).toBeInstanceOf(type);
    expect(error).toMatchObject({ code, retryable, requestId: 'req-9' });
    expect(error.message).toContain(`code ${closeCode}, “bye”, request req-9`);
  });
});

describe('httpError', () => {
  it.each([
    ['{"detail":"key unknown"}', 'key unknown'],
    ['{"error":"key unknown","code":401}', 'key unknown'],
    ['{"detail":[{"msg":"x"},{"loc":["body",0],"msg":"y"},5]}', 'x; body.0: y; 5'],
    ['plain words', 'plain words'],
  ])('reads the body %s', (body, said) => {
    expect(httpError(401, body, {}, context).message).toContain(`HTTP 401 “${said}”`);
  });

  it('carries Retry-After of a 429', () => {
    expect(httpError(429, '', { 'retry-after': '7' }, context)).toMatchObject({
      apiCode: 429,
      retryable: true,
      retryAfterS: 7,
    });
  });

  it('names the request and the fields that are wrong', () => {
    const detail = [{ loc: ['body', 'name'], msg: 'field required', type: 'missing' }];
    const error = httpError(
      422,
      JSON.stringify({ detail, request_id: 'req-2' }),
      {},
      { ...context, requestId: undefined },
    );
    expect(error).toMatchObject({ requestId: 'req-2' });
    expect(error.details).toEqual([{ path: 'body.name', message: 'field required', type: 'missing' }]);
    expect(
      httpError(400, '', { 'request-id': 'req-3' }, { ...context, requestId: undefined }).requestId,
    ).toBe('req-3');
    expect(httpError(400, '', { 'request-id': 'req-3' }, context).requestId).toBe('req-9');
  });

  it('takes a redirect for a wrong base URL', () => {
    const error = httpError(301, '', {}, context);
    expect(error.retryable).toBe(false);
    expect(error.message).toContain('redirects are not followed');
  });
});

describe('retryAfterSeconds', () => {
  it('reads seconds, dates and nonsense', () => {
    const now = Date.parse('2026-11-20T12:00:00Z');
    expect(retryAfterSeconds('12', now)).toBe(12);
    expect(retryAfterSeconds('Fri, 20 Nov 2026 12:00:30 GMT', now)).toBe(30);
    expect(retryAfterSeconds('Fri, 20 Nov 2026 11:00:00 GMT', now)).toBe(0);
    expect(retryAfterSeconds('soon', now)).toBeUndefined();
    expect(retryAfterSeconds(undefined, now)).toBeUndefined();
    expect(retryAfterSeconds(' ', now)).toBeUndefined();
  });
});

describe('quoted', () => {
  it('hides the key, tames control characters and bounds the length', () => {
    expect(quoted('no such key gd_secret!', ['gd_secret'])).toBe('no such key [key]!');
    expect(quoted('a\u001b[31mb\r\nc', [])).toBe('a [31mb c');
    expect(quoted('x'.repeat(10_000), []).length).toBe(501);
  });
});

describe('socketError', () => {
  const system = (code: string) => Object.assign(new Error(`connect ${code}`), { code });

  it('names host and cause, and may be retried when the system failed', () => {
    const error = socketError(system('ECONNREFUSED'), 'h:1', context);
    expect(error).toMatchObject({ code: 'ERR_CONNECT', retryable: true });
    expect(error.message).toBe('cannot connect to h:1: connect ECONNREFUSED');
    expect(error.cause).toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('may not be retried after a bad certificate or a server that is no WebSocket server', () => {
    expect(socketError(system('CERT_HAS_EXPIRED'), 'h', context).retryable).toBe(false);
    expect(socketError(new Error('Invalid Upgrade header'), 'h', context).retryable).toBe(false);
  });

  it('takes a broken frame for a broken protocol', () => {
    expect(socketError(system('WS_ERR_INVALID_UTF8'), 'h', context).code).toBe('ERR_PROTOCOL');
  });

  it('leaves the raw bytes of a parse error behind', () => {
    const cause = Object.assign(system('HPE_INVALID'), { rawPacket: Buffer.from('gd_secret') });
    expect(socketError(cause, 'h', context).cause).toBeUndefined();
  });
});
