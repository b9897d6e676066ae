import { describe, expect, it } from 'vitest';
import { socketUrl } from '../../../src/speech/index.js';

describe('socketUrl', () => {
  it.each([
    ['https://api.gradium.ai/api', 'wss://api.gradium.ai/api/speech/asr'],
    ['https://api.gradium.ai/api/', 'wss://api.gradium.ai/api/speech/asr'],
    ['https://api.gradium.ai/api///', 'wss://api.gradium.ai/api/speech/asr'],
    ['https://api.gradium.ai', 'wss://api.gradium.ai/api/speech/asr'],
    ['http://127.0.0.1:8080', 'ws://127.0.0.1:8080/api/speech/asr'],
    ['http://127.0.0.1:8080/', 'ws://127.0.0.1:8080/api/speech/asr'],
    ['ws://[::1]:9/v2', 'ws://[::1]:9/v2/speech/asr'],
    ['wss://proxy.example/gradium/api', 'wss://proxy.example/gradium/api/speech/asr'],
  ])('makes %s into %s', (base, expected) => {
    expect(socketUrl(base, 'speech/asr').href).toBe(expected);
  });

  it.each([
    '',
    'api.gradium.ai',
    'ftp://x',
    'https://u:secret@x/api',
    'https://x/api?token=secret',
    'https://x#secret',
  ])('refuses %j without quoting it', (base) => {
    expect(() => socketUrl(base, 'r')).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG' }));
    expect(() => socketUrl(base, 'r')).not.toThrow(/secret/);
  });
});
