import { describe, expect, it } from 'vitest';
import { checkSttOptions, sttSetup } from '../../../src/gradium/stt-setup.js';

describe('sttSetup', () => {
  it('always says language and delay', () => {
    expect(sttSetup(checkSttOptions({}, 10), 'pcm_16000')).toEqual({
      type: 'setup',
      model_name: 'default',
      input_format: 'pcm_16000',
      json_config: { language: 'any', delay_in_frames: 10 },
    });
  });

  it('says what was asked for, over the unknown keys', () => {
    const options = {
      language: 'fr',
      model: 'm',
      delayInFrames: 24,
      temp: 0.2,
      paddingBonus: -1,
      keywords: { words: ['Sluice', 'Gradium'], boost: 3 },
      targetLanguage: 'de',
      retryForS: 30,
      extra: { keywords: 'none', language: 'xx', delay_in_tokens: 12 },
    };
    expect(sttSetup(checkSttOptions(options, 10), 'ulaw_8000')).toEqual({
      type: 'setup',
      model_name: 'm',
      input_format: 'ulaw_8000',
      json_config: {
        delay_in_tokens: 12,
        language: 'fr',
        delay_in_frames: 24,
        temp: 0.2,
        padding_bonus: -1,
        keywords: { words: ['Sluice', 'Gradium'], boost: 3 },
        target_language: 'de',
      },
      retry_for_s: 30,
    });
  });

  it('asks the translating model for a translation, unless told otherwise', () => {
    const model = (options: object) => sttSetup(checkSttOptions(options, 10), 'pcm_16000').model_name;
    expect(model({ targetLanguage: 'fr' })).toBe('stt-translate');
    expect(model({ targetLanguage: 'fr', model: 'mine' })).toBe('mine');
  });
});

describe('checkSttOptions', () => {
  it.each([
    { language: '' },
    { language: 5 },
    { model: '' },
    { delayInFrames: -1 },
    { delayInFrames: 81 },
    { delayInFrames: 1.5 },
    { delayInFrames: '10' },
    { temp: Number.NaN },
    { temp: 2 },
    { paddingBonus: 5 },
    { retryForS: -1 },
    { keywords: ['Sluice'] },
    { keywords: null },
    { keywords: { words: 'Sluice' } },
    { keywords: { words: [5] } },
    { keywords: { words: ['two words'] } },
    { keywords: { words: [''] } },
    { keywords: { words: Array(501).fill('x') } },
    { keywords: { words: ['x'], boost: 7 } },
    { targetLanguage: '' },
    { targetLanguage: 1 },
    { wire: 'pcm_32000' },
    { timestamps: 'none' },
    { stepsPerMessage: 0 },
    { stepsPerMessage: 126 },
    { extra: [] },
    { extra: 'x' },
    { signal: {} },
    { signal: 'x' },
    { signal: null },
  ])('refuses %j', (options) => {
    expect(() => checkSttOptions(options as never, 1)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG' }),
    );
  });
});
