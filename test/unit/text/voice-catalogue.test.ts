import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type VoiceQuery, voiceCatalogue } from '../../../src/text/index.js';
import { MARKS_1MB } from './marks.js';

const { voices } = voiceCatalogue;
const SPECIFICATION = join(resolve(import.meta.dirname, '../../..'), '../shared/spec/gradium-stt.txt');
const namesOf = (query: VoiceQuery) => voiceCatalogue.search(query).map(({ name }) => name);
const refusal = (type: ErrorConstructor, message: RegExp) =>
  expect.objectContaining({
    constructor: type,
    code: 'ERR_INVALID_ARG',
    message: expect.stringMatching(message),
  });

function counts(key: 'language' | 'country' | 'age' | 'gender' | 'flagship'): Record<string, number> {
  const found: Record<string, number> = {};
  for (const voice of voices) found[String(voice[key])] = (found[String(voice[key])] ?? 0) + 1;
  return found;
}

/** The cells of a Markdown table whose rows are wrapped, with an empty line between them. */
function rowsOf(text: string): string[][] {
  return text
    .split(/\n\s*\n/)
    .map((row) =>
      row
        .replace(/\s+/g, ' ')
        .replace(/^ ?\|| ?\| ?$/g, '')
        .split('|')
        .map((cell) => cell.trim().replace(/^\*\*|\*\*$|`/g, '')),
    )
    .filter((cells) => cells.length === 7 && cells[0] !== 'Name' && !cells[0]?.startsWith(':'));
}

describe('voiceCatalogue.voices', () => {
  it('has 239 voices, each with an id of its own and every fact', () => {
    expect(voices.length).toBe(239);
    expect(new Set(voices.map(({ id }) => id)).size).toBe(239);
    for (const voice of voices) {
      expect(voice).toEqual({
        id: expect.stringMatching(/^[\w-]{16}$/),
        name: expect.stringMatching(/^\p{Lu}\p{L}+$/u),
        language: expect.any(String),
        country: expect.any(String),
        age: expect.any(String),
        gender: expect.any(String),
        description: expect.stringMatching(/^[A-Z][\w ',!-]+[.!\w]$/),
        flagship: expect.any(Boolean),
      });
      expect(voice.name).toBe(voice.name.normalize('NFC'));
    }
  });

  it('has so many of each kind', () => {
    expect(counts('language')).toEqual({ en: 102, de: 50, fr: 43, pt: 24, es: 20 });
    expect(counts('age')).toEqual({ adult: 191, 'young adult': 45, mature: 3 });
    expect(counts('gender')).toEqual({ feminine: 109, masculine: 129, neutral: 1 });
    expect(counts('flagship')).toEqual({ true: 14, false: 225 });
    expect(Object.keys(counts('country')).sort().join(' ')).toBe('AR AT AU BR CA CO DE ES FR GB IN MX PT US');
  });

  it('says what the specification says, letter for letter', ({ skip }) => {
    if (!existsSync(SPECIFICATION)) {
      console.warn(`NOT CHECKED: the voices against their specification, there is no ${SPECIFICATION}`);
      return skip();
    }
    const text = readFileSync(SPECIFICATION, 'utf8');
    const library = text.slice(text.indexOf('## Flagship Voices'), text.indexOf('# Custom Voices'));
    const [flagship = [], all = []] = library.split('## All Voices').map(rowsOf);
    expect([flagship.length, all.length]).toEqual([14, 237]);
    const ids = new Set(flagship.map(([, id]) => id));
    const rows = [...flagship, ...all.filter(([, id]) => !ids.has(id))];
    expect(voices).toEqual(
      rows.map(([name, id = '', language, country = '', age = '', gender = '', description]) => ({
        id,
        name,
        language,
        country: country.slice(0, 2).toUpperCase(), // a flag may follow
        age: age.toLowerCase(),
        gender: gender.toLowerCase(),
        description,
        flagship: ids.has(id),
      })),
    );
  });

  it('cannot be changed', () => {
    const [voice] = voices as unknown as { name: string }[];
    expect(() => (voices as unknown[]).push(1)).toThrow(TypeError);
    expect(() => Object.assign(voice as object, { name: 'x' })).toThrow(TypeError);
    expect(() => Object.assign(voiceCatalogue, { voices: [] })).toThrow(TypeError);
    voiceCatalogue.search().pop();
    expect(voiceCatalogue.search()).toEqual(voices);
  });
});

describe('voiceCatalogue.get', () => {
  it('finds a voice by its id, and no other', () => {
    expect(voiceCatalogue.get('YTpq7expH9539ERJ')).toMatchObject({
      name: 'Emma',
      country: 'US',
      flagship: true,
    });
    for (const id of ['', 'ytpq7exph9539erj', 'Emma', 'constructor']) {
      expect(voiceCatalogue.get(id)).toBeUndefined();
    }
    expect(() => voiceCatalogue.get(5 as never)).toThrow(refusal(TypeError as never, /id must be a string/));
  });
});

describe('voiceCatalogue.search', () => {
  it('finds what meets all that is asked, whatever the case and the accents', () => {
    expect(namesOf({ language: 'fr', gender: 'feminine', flagship: true })).toEqual(['Elise']);
    expect(namesOf({ language: ' FR ', gender: 'Feminine', country: 'ca' })).toEqual(
      namesOf({ language: 'fr', gender: 'feminine', country: 'CA' }),
    );
    expect(namesOf({ name: 'MARIA' }).sort()).toEqual(['Maria', 'Maria', 'Maria', 'María']);
    expect(namesOf({ name: 'mari\u0301a', language: 'es' })).toEqual(['María']);
    expect(namesOf({ name: 'Mari' })).toEqual([]);
    expect(voiceCatalogue.search({ age: 'Mature' }).every(({ age }) => age === 'mature')).toBe(true);
    expect(voiceCatalogue.search({ age: 'mature' }).length).toBe(3);
    expect(voiceCatalogue.search({ flagship: false }).length).toBe(225);
    expect(voiceCatalogue.search({}).length).toBe(239);
  });

  it('finds words by their beginnings, in name and description', () => {
    const found = voiceCatalogue.search({ text: 'guid WARM, low-pitch' });
    expect(found.length).toBeGreaterThan(0);
    for (const { description } of found) expect(description).toMatch(/(?=.*guid)(?=.*warm)(?=.*low-pitch)/i);
    expect(namesOf({ text: 'amelie' })).toEqual(['Amélie']);
    expect(namesOf({ text: 'emma assist' })).toEqual(['Emma']);
    const male = voiceCatalogue.search({ text: 'male' });
    expect(male.every(({ description }) => /\bmale/.test(description))).toBe(true); // not female
    expect(namesOf({ text: 'warm zebra' })).toEqual([]);
  });

  it('takes a megabyte of accents, and of words', () => {
    expect(namesOf({ name: `Elis${MARKS_1MB}` })).toEqual([]);
    expect(namesOf({ name: `Elise${MARKS_1MB.slice(1)}` })).toEqual(['Elise']);
    expect(namesOf({ text: 'emma '.repeat(2e5) })).toEqual(['Emma']);
  });

  it.each<[string, unknown, ErrorConstructor, RegExp]>([
    ['a query that is none', null, TypeError as never, /query must be an object/],
    [
      'a gender that is none',
      { gender: 'female' },
      RangeError as never,
      /feminine, masculine, neutral, got "female"/,
    ],
    ['a language without voices', { language: 'it' }, RangeError as never, /de, en, es, fr, pt/],
    ['a country without voices', { country: 'CH' }, RangeError as never, /country must be one of AR, AT/],
    ['an age that is none', { age: 'old' }, RangeError as never, /adult, mature, young adult/],
    ['a language that is no text', { language: 5 }, TypeError as never, /language must be a string/],
    ['a name that is no text', { name: 5 }, TypeError as never, /name must be a string/],
    ['an empty name', { name: ' ' }, RangeError as never, /name must hold a word/],
    ['text without a word', { text: '?!' }, RangeError as never, /text must hold a word, got "\?!"/],
    ['flagship in words', { flagship: 'yes' }, TypeError as never, /flagship must be true or false/],
  ])('refuses %s', (_name, query, type, message) => {
    expect(() => voiceCatalogue.search(query as VoiceQuery)).toThrow(refusal(type, message));
  });
});
