import { describe, expect, it } from 'vitest';
import { resolveVoice, voiceCatalogue } from '../../../src/text/index.js';
import { MARKS_1MB } from './marks.js';

const ambiguous = (message: RegExp) =>
  expect.objectContaining({
    constructor: RangeError,
    code: 'ERR_INVALID_ARG',
    message: expect.stringMatching(message),
  });

describe('resolveVoice', () => {
  it.each([
    ['Emma', undefined],
    ['  emma\n', undefined],
    ['EMMA', 'fr'], // there is no other
    ['YTpq7expH9539ERJ', undefined],
    [' YTpq7expH9539ERJ ', 'de'],
  ])('gives the id of the one voice called %j', (name, language) => {
    expect(resolveVoice(name, language)).toEqual({ id: 'YTpq7expH9539ERJ' });
  });

  it('narrows a name that several share by the language', () => {
    expect(resolveVoice('Thomas', 'fr')).toEqual({ id: '8nsAoui8Y5RK9PYw' });
    expect(resolveVoice('thomas', 'EN-us')).toEqual({ id: 'm7fJRmVaJjG2TL1c' });
    expect(resolveVoice('Daniel', 'pt-PT')).toEqual({ id: '_cP-0vSYfMmzR4al' });
  });

  it('quotes no more than a bit of a language', () => {
    expect(() => resolveVoice('Thomas', 'x'.repeat(1e6))).toThrow(ambiguous(/^.{0,500}$/));
  });

  it('takes a megabyte of accents for a name', () => {
    expect(resolveVoice(MARKS_1MB)).toEqual({ name: MARKS_1MB });
  });

  it('refuses a name that several share still, and lists them', () => {
    expect(() => resolveVoice('thomas')).toThrow(
      ambiguous(
        /^thomas is the name of 2 voices; name one by its id: Thomas m7fJRmVaJjG2TL1c \(en-GB: A warm .*\), Thomas 8nsAoui8Y5RK9PYw \(fr-FR: /,
      ),
    );
    expect(() => resolveVoice('Sarah', 'fr')).toThrow(
      ambiguous(/^Sarah is the name of 2 voices that speak fr; .*-dOnYAX4N4GqSOee.*QkmUhBH4hIV2_BkY/),
    );
    expect(() => resolveVoice('Kevin', 'pt')).toThrow(
      ambiguous(
        /^Kevin is the name of 2 voices, none of which speaks pt; .*J2qsArcdozbto5Hn.*AySdCEnP2nqRo1WM/,
      ),
    );
    // One of them is a flagship voice: that is no reason to take it.
    expect(() => resolveVoice('Maximilian', 'de')).toThrow(ambiguous(/0y1VZjPabOBU3rWy.*H3Rh9kJcd4gZidvN/));
  });

  it('knows names by their accents, composed or not', () => {
    expect(resolveVoice('María')).toEqual({
      id: voiceCatalogue.search({ name: 'María', language: 'es' })[0]?.id,
    });
    expect(resolveVoice('MARI\u0301A')).toEqual(resolveVoice('María'));
    expect(() => resolveVoice('Maria')).toThrow(ambiguous(/3 voices/));
    expect(resolveVoice('Amelie')).toEqual({ name: 'Amelie' });
  });

  it('gives back a name that it does not know, untouched', () => {
    for (const name of [
      ' Grandmother ',
      'default',
      'constructor',
      '🎤',
      'narrator-of-tales',
      'x'.repeat(16),
    ]) {
      expect(resolveVoice(name)).toEqual({ name });
    }
  });

  it('takes for an id what looks like one', () => {
    for (const id of ['RI2y7oBdsQJmkgFF', 'abcdefgHijklmnop', '-dOnYAX4N4GqSOef', 'vox_emb_01']) {
      expect(resolveVoice(id)).toEqual({ id });
    }
  });

  it('finds every voice of the catalogue by its id, and by its name or not at all', () => {
    for (const { id, name, language } of voiceCatalogue.voices) {
      expect(resolveVoice(id)).toEqual({ id });
      const namesakes = voiceCatalogue.voices.filter(
        (voice) => voice.name === name && voice.language === language,
      );
      if (namesakes.length === 1) expect(resolveVoice(name, language)).toEqual({ id });
      else expect(() => resolveVoice(name, language)).toThrow(ambiguous(new RegExp(id)));
    }
  });

  it.each<[unknown, unknown, unknown]>([
    [5, undefined, TypeError],
    ['', undefined, RangeError],
    [' \n', undefined, RangeError],
    ['Emma', 5, TypeError],
    ['Emma', '', RangeError],
  ])('refuses %j in %j', (name, language, type) => {
    expect(() => resolveVoice(name as string, language as string)).toThrow(
      expect.objectContaining({ constructor: type, code: 'ERR_INVALID_ARG' }),
    );
  });
});
