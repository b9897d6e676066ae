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
      retryForS: 30,
      extra: { keywords: { words: ['Sluice'], boost: 3 }, language: 'xx' },
    };
    expect(sttSetup(checkSttOptions(options, 10), 'ulaw_8000')).toEqual({
      type: 'setup',
      model_name: 'm',
      input_format: 'ulaw_8000',
      json_config: {
        keywords: { words: ['Sluice'], boost: 3 },
        language: 'fr',
        delay_in_frames: 24,
        temp: 0.2,
        padding_bonus: -1,
      },
      retry_for_s: 30,
    });
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
