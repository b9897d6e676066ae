import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { REWRITE_ALIASES, REWRITE_RULES, rewriteText } from '../../../src/text/index.js';

type Row = readonly [rules: string, text: string, rewritten: string];
const NAME = 'rewriteText %s: %s -> %s';
const gives = (rules: string, text: string, rewritten: string): void =>
  expect(rewriteText(text, rules)).toBe(rewritten);

describe("the specification's examples", () => {
  const rows: Row[] = [
    ['Date', '12/31/2020', '12-31 2020'],
    ['Date', '16/01/1980', '16-01 1980'],
    ['Date', '1/5.', '1-5.'],
    ['TimeEn', '3:45PM!', '3.45PM!'],
    ['TimeEn', '12.30.', '12.30.'],
    ['TimeEn', '12:30', '12.30'],
    ['TimeFr', '9h15,', '9h15,'],
    ['TimeFr', '14:00?', '14h00?'],
    ['TimeDe', '8:20.', '8.20.'],
    ['TimeDe', '22.45!', '22.45!'],
    ['NumberEn', '123', '123'],
    ['NumberEn', '1234', '1 thousand 234'],
    ['NumberEn', '1000000', '1 million'],
    ['NumberEn', '2500000', '2 million 500 thousand'],
    ['NumberEn', '1002003004', '1 billion 2 million 3 thousand 4'],
    ['NumberEn', '-4500', 'minus 4 thousand 500'],
    ['NumberFr', '1234', 'mille 234'],
    ['NumberFr', '2234', '2 mille 234'],
    ['NumberFr', '2000000', '2 millions'],
    ['NumberFr', '-4500', 'moins 4 mille 500'],
    ['NumberFr', '123456000789', '123 milliards 456 millions 789'],
    ['EmailEn', 'foo.bar@gmail.com', 'foo dot bar at gmail dot com'],
    ['EmailFr', 'foo@gmail.com', 'foo arobaze gmail point com'],
    ['UrlEn', 'www.example.com', 'www dot example dot com'],
    [
      'UrlEn',
      'https://www.example.com/path',
      'H-T-T-P-S colon slash slash www dot example dot com slash path',
    ],
    ['UrlEn', 'http://sub.domain.co.uk', 'H-T-T-P colon slash slash sub dot domain dot C-O dot U-K'],
    ['UrlFr', 'https://www.kyutai.fr', 'H-T-T-P-S deux-points slash slash www point kyutai point F-R'],
    ['UrlFr', 'www.it-management.com/promo', 'www point I-T tiret management point com slash promo'],
    ['PhoneFr', '0123456789', '01 23 45 67 89'],
    ['PhoneFr', '+330556791936', '+33 05 56 79 19 36'],
    ['PhoneEn', '+330556791936', '+33 0-5 5-6 7-9 1-9 3-6'],
    ['PhoneEn', '07596854413', '0-7-5-9 6-8-5 4-4-1-3'],
    ['PhoneEn', '+16502349653', '+1 6-5-0 2-3-4 9-6-5-3'],
    ['PhoneEn', '+447700900123', '+44 7-7-0 0-9-0 0-1-2-3'],
    ['PhoneEn', '+442000900123', '+44 2-0 0-0-9-0 0-1-2-3'],
    ['PhoneDe', '01511234567', '0-1-5 1 1 2-3 4-5 6-7'],
    ['PhoneDe', '+491511234567', '+49 1-5 1 1 2-3 4-5 6-7'],
    ['AlNum', 'AB12CD34!', 'A-B 1-2 C-D 3-4!'],
  ];
  it.each(rows)(NAME, gives);

  const languages = { En: 'en', Fr: 'fr', De: 'de' } as const;
  const byAlias = rows.map(([rule, text, rewritten]): Row => {
    const suffix = rule.slice(-2) as keyof typeof languages;
    return [languages[suffix] ?? 'en', text, rewritten];
  });
  it.each(byAlias)(NAME, gives);
});

describe('docs/rewrite.md', () => {
  const page = readFileSync(new URL('../../../docs/rewrite.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `(\w+)` \| `(.+?)` \| `(.+?)` \|$/gm)].map(
    ([, rules, text, rewritten]): Row => [String(rules), String(text), String(rewritten)],
  );

  it('has examples', () => expect(rows.length).toBeGreaterThan(40));

  it.each(rows)(NAME, gives);

  it('lists the aliases', () => {
    for (const [alias, rules] of Object.entries(REWRITE_ALIASES)) {
      const line = page.split('\n').find((row) => row.startsWith('|') && row.includes(`\`${alias}\``));
      for (const rule of rules) expect(line).toContain(`\`${rule}\``);
    }
  });
});

describe('rules', () => {
  it('REWRITE_ALIASES lists the rules of the specification in its order', () => {
    expect(REWRITE_ALIASES).toEqual({
      en: ['TimeEn', 'Date', 'AlNum', 'NumberEn', 'EmailEn', 'UrlEn', 'PhoneEn'],
      fr: ['TimeFr', 'Date', 'AlNum', 'NumberFr', 'EmailFr', 'UrlFr', 'PhoneFr'],
      'fr-be': ['TimeFr', 'Date', 'AlNum', 'NumberFr', 'EmailFr', 'UrlFr', 'PhoneFr'],
      'fr-ch': ['TimeFr', 'Date', 'AlNum', 'NumberFr', 'EmailFr', 'UrlFr', 'PhoneFr'],
      de: ['TimeDe', 'Date', 'AlNum', 'NumberDe', 'EmailDe', 'UrlDe', 'PhoneDe'],
      es: ['Date', 'AlNum', 'NumberEs', 'EmailEs', 'UrlEs', 'PhoneEs'],
      pt: ['Date', 'AlNum', 'NumberPt', 'EmailPt', 'UrlPt', 'PhonePt'],
      none: [],
    });
  });

  it('REWRITE_RULES lists each rule once, those of the aliases among them', () => {
    expect(REWRITE_RULES).toHaveLength(25);
    expect(new Set(REWRITE_RULES).size).toBe(25);
    expect(new Set(REWRITE_RULES)).toEqual(new Set(Object.values(REWRITE_ALIASES).flat()));
  });

  it.each([
    ['a list', ['TimeEn', 'Date']],
    ['a string', 'TimeEn,Date'],
    ['spaces and empty places', ' TimeEn ,, Date, '],
    ['commas inside a list', ['TimeEn,', 'Date']],
  ])('rewriteText takes rules as %s', (_, rules) => {
    expect(rewriteText('12:30 1/5 1234', rules)).toBe('12.30 1-5 1234');
  });

  it('rewriteText gives a word to the first rule that is for it, in the order of the rules', () => {
    expect(rewriteText('12:30', 'TimeEn,TimeFr')).toBe('12.30');
    expect(rewriteText('12:30', 'TimeFr,TimeEn')).toBe('12h30');
    expect(rewriteText('12:30 1234', 'fr,en')).toBe('12h30 mille 234');
    expect(rewriteText('12:30 1234', 'NumberFr,en,fr')).toBe('12.30 mille 234');
  });

  it('rewriteText keeps a rule at its first place when it is named twice', () => {
    expect(rewriteText('12:30', 'TimeEn,TimeFr,TimeEn')).toBe('12.30');
    expect(rewriteText('12:30', ['en', 'fr', 'en'])).toBe('12.30');
  });

  it('rewriteText takes a word that a rule is for and keeps away from the next rule', () => {
    // One that is small in English could be one of thousands in German.
    expect(rewriteText('1.234', 'NumberEn,NumberDe')).toBe('1.234');
    expect(rewriteText('1.234', 'NumberDe,NumberEn')).toBe('1 Tausend 234');
  });

  it.each([[''], ['none'], [[]], [' , ']])('rewriteText with %j makes marks plain and no more', (rules) => {
    expect(rewriteText('“12:30” – 1234', rules)).toBe('"12:30" - 1234');
  });

  it.each([
    ['English'],
    ['EN'],
    ['en fr'],
    ['en;fr'],
    ['TimeEs'],
    ['constructor'],
    ['__proto__'],
    [['en', 'toString']],
  ])('rewriteText refuses the rules %j and lists those there are', (rules) => {
    const error = thrownBy(() => rewriteText('x', rules));
    expect(error).toBeInstanceOf(RangeError);
    expect(error.code).toBe('ERR_INVALID_ARG');
    for (const name of [...REWRITE_RULES, ...Object.keys(REWRITE_ALIASES)])
      expect(error.message).toContain(name);
    expect(error.message).toMatch(/, got ".*"$/);
  });

  it('rewriteText quotes no more than a bit of an unknown rule', () => {
    expect(thrownBy(() => rewriteText('', 'x'.repeat(1e6))).message.length).toBeLessThan(500);
  });

  it.each([[undefined], [null], [5], [{}], [['en', 5]], [[undefined]], [new Array(1)], [['en', ['fr']]]])(
    'rewriteText refuses the rules %j by TypeError',
    (rules) => {
      const error = thrownBy(() => rewriteText('x', rules as unknown as string));
      expect(error).toBeInstanceOf(TypeError);
      expect(error.code).toBe('ERR_INVALID_ARG');
    },
  );

  it.each([[undefined], [null], [5], [Buffer.from('x')]])(
    'rewriteText refuses the text %j by TypeError',
    (text) => {
      const error = thrownBy(() => rewriteText(text as unknown as string, 'en'));
      expect(error).toBeInstanceOf(TypeError);
      expect(error).toMatchObject({ code: 'ERR_INVALID_ARG', message: expect.stringContaining('text') });
    },
  );
});

describe('marks and white space', () => {
  it.each<Row>([
    ['none', '“a” „b‟ «c» ‘d’ ‚e‛ ‹f›', '"a" "b" "c" \'d\' \'e\' \'f\''],
    ['none', 'a‐b‑c‒d–e—f―g−h', 'a-b-c-d-e-f-g-h'],
    ['none', '（a）［b］｛c｝【d】⟨e⟩', '(a)[b]{c}[d](e)'],
    ['none', '(a) [b] {c} <d> "e" … • ·', '(a) [b] {c} <d> "e" … • ·'],
    ['none', '⟨flush⟩', '(flush)'],
    ['en', '“1234”', '"1 thousand 234"'],
    ['en', '−4500 –4500', 'minus 4 thousand 500 minus 4 thousand 500'],
    ['en', '("[{1234}]")...', '("[{1 thousand 234}]")...'],
    ['en', '¿1234?! 1234… 1234;', '¿1 thousand 234?! 1 thousand 234… 1 thousand 234;'],
    ['en', 'at 12:30: go', 'at 12.30: go'],
    [
      'en',
      ' 1234\t\t5678\r\n\u00a01234\u2003',
      ' 1 thousand 234\t\t5 thousand 678\r\n\u00a01 thousand 234\u2003',
    ],
    ['en', '1234<flush>', '1 thousand 234<flush>'],
    ['en', '1234.<flush>5678', '1 thousand 234.<flush>5678'],
    ['en', '<break time="1.5s" /> <1234>', '<break time="1.5s" /> <1234>'],
    ['en', '', ''],
    ['en', '. , : / @ - + 0 5', '. , : / @ - + 0 5'],
  ])(NAME, gives);

  it('rewriteText leaves a word of more than 2048 characters', () => {
    const path = (chars: number): string => `www.x.com/${'a'.repeat(chars - 10)}`;
    expect(rewriteText(path(2048), 'en')).toMatch(/^www dot x dot com slash a+$/);
    expect(rewriteText(`${path(2049)} 1234`, 'en')).toBe(`${path(2049)} 1 thousand 234`);
  });
});

describe('times and dates', () => {
  it.each<Row>([
    ['TimeEn', '3:45pm 3:45p.m. 12:05AM', '3.45pm 3.45p.m. 12.05AM'],
    ['en', '3PM 11am', '3PM 11am'],
    ['es', '3PM', '3 P-M'],
    ['en', '10:30-11:00, 9:00–17:30', '10.30-11.00, 9.00-17.30'],
    ['en', '0:00 23:59 24:00', '0.00 23.59 24.00'],
    ['en', '24:01 25:99 12:60 13:45PM 0:30AM 1:2 123:45', '24:01 25:99 12:60 13:45PM 0:30AM 1:2 123:45'],
    ['en', '12:30:15 16:9 10:30-', '12:30:15 16:9 10:30-'],
    ['en', '3.14 99.99', '3.14 99.99'],
    ['TimeFr', '9H15 9h 14:00-15:30 14.30 25h00', '9h15 9h 14h00-15h30 14.30 25h00'],
    ['fr', '9H15', '9h15'],
    ['de', '8:20-9.45', '8.20-9.45'],
    ['Date', '31/12/99 1/5/2020, (1/12)', '31-12 99 1-5 2020, (1-12)'],
    [
      'Date',
      '13/13 0/5 5/0 32/1 1/2/3 1/2/345 1/2/34567 /1/2 1/2/',
      '13/13 0/5 5/0 32/1 1/2/3 1/2/345 1/2/34567 /1/2 1/2/',
    ],
    ['Date', '31.12.2020 2020-12-31 1//2', '31.12.2020 2020-12-31 1//2'],
  ])(NAME, gives);
});

describe('numbers', () => {
  it.each<Row>([
    [
      'NumberEn',
      '0 7 999 1000 1899 1900 2020 2100 2101',
      '0 7 999 1 thousand 1 thousand 899 1900 2020 2100 2 thousand 101',
    ],
    ['NumberEn', '-7 -999 -2020', '-7 -999 minus 2 thousand 20'],
    ['NumberEn', '1,234 1,234,567 2,020', '1 thousand 234 1 million 234 thousand 567 2 thousand 20'],
    ['NumberEn', '1234.56 -1,234.5 3.75 -0.5', '1 thousand 234.56 minus 1 thousand 234.5 3.75 -0.5'],
    ['NumberEn', '1000.5 2,000,000.25', '1000.5 2,000,000.25'],
    ['NumberEn', '12,34 1,23,456 1,2345 ,123 1.234.567 0,123', '12,34 1,23,456 1,2345 ,123 1.234.567 0,123'],
    ['NumberEn', '007 0123 +5000 --5000 1e6 12a4 1/2', '007 0123 +5000 --5000 1e6 12a4 1/2'],
    ['NumberEn', '€5000 5000€ $1,234 50000% 1500km', '€5000 5000€ $1,234 50000% 1500km'],
    ['NumberEn', '999999999999', '999 billion 999 million 999 thousand 999'],
    ['NumberEn', '1000000000000 1,000,000,000,000', '1000000000000 1,000,000,000,000'],
    ['NumberEn', '1000000000 1000001 1001000', '1 billion 1 million 1 1 million 1 thousand'],
    [
      'NumberFr',
      '1000 1000000 1001234 21000000 1000000000 2000000000',
      'mille 1 million 1 million mille 234 21 millions 1 milliard 2 milliards',
    ],
    ['NumberFr', '1’234’567 1234,5 -1000 1.234', '1 million 234 mille 567 mille 234,5 moins mille 1.234'],
    [
      'NumberDe',
      '1234 2000 2200 1000000 2500000 1000000000 2000000000',
      '1 Tausend 234 2000 2 Tausend 200 1 Million 2 Millionen 500 Tausend 1 Milliarde 2 Milliarden',
    ],
    [
      'NumberDe',
      "1.234 1.234.567 1.234,56 1'234 1.234'567 -4500",
      "1 Tausend 234 1 Million 234 Tausend 567 1 Tausend 234,56 1 Tausend 234 1.234'567 minus 4 Tausend 500",
    ],
    [
      'NumberEs',
      '1234 2234 1000000 2000000 1.234.567',
      'mil 234 2 mil 234 1 millón 2 millones 1 millón 234 mil 567',
    ],
    [
      'NumberEs',
      '1000000000 2000000000 2500000000 1002003004',
      'mil millones 2 mil millones 2 mil 500 millones mil 2 millones 3 mil 4',
    ],
    ['NumberEs', '1001000000 123456000789 -4500', 'mil 1 millones 123 mil 456 millones 789 menos 4 mil 500'],
    [
      'NumberPt',
      '1234 2234 1000000 2000000 1000000000 2000000000',
      'mil 234 2 mil 234 1 milhão 2 milhões 1 bilhão 2 bilhões',
    ],
    ['NumberPt', '1.234,56 -4500', 'mil 234,56 menos 4 mil 500'],
  ])(NAME, gives);
});

describe('addresses', () => {
  it.each<Row>([
    ['en', 'a_b-c+d@x-y.co.uk!', 'a underscore b dash c plus d at x dash y dot C-O dot U-K!'],
    ['en', 'Jürgen@müller.de', 'Jürgen at müller dot D-E'],
    [
      'en',
      '@foo foo@ foo@bar a@b@c.com foo@.com foo@bar..com',
      '@foo foo@ foo@bar a@b@c.com foo@.com foo@bar..com',
    ],
    [
      'en',
      '0123456789@orange.fr AB12@x.com it@x.com',
      '0-1-2-3-4-5-6-7-8-9 at orange dot F-R A-B 1-2 at x dot com it at x dot com',
    ],
    ['de', 'info-x@firma.de', 'info Bindestrich x at firma Punkt D-E'],
    ['es', 'info-x@firma.es', 'info guión x arroba firma punto E-S'],
    ['pt', 'info-x@firma.pt', 'info hífen x arroba firma ponto P-T'],
    [
      'en',
      'http://a.b:8080/x?y=1&z#t.',
      'H-T-T-P colon slash slash a dot b colon 8-0-8-0 slash x question mark y equals 1 and z hash t.',
    ],
    [
      'en',
      'HTTPS://EXAMPLE.COM/2024/12345',
      'H-T-T-P-S colon slash slash EXAMPLE dot COM slash 2024 slash 1-2-3-4-5',
    ],
    ['en', '(www.x.de/uk/), WWW.x.com', '(www dot x dot D-E slash uk slash), WWW dot x dot com'],
    ['en', 'ftp://x.org wss://x.org', 'F-T-P colon slash slash x dot org W-S-S colon slash slash x dot org'],
    [
      'en',
      'http:// http:///x www. www..x wwww.x.com mailto://x file://x',
      'http:// http:///x www. www..x wwww.x.com mailto://x file://x',
    ],
    ['en', 'example.com e.g. 192.168.0.1', 'example.com e.g. 192.168.0.1'],
    ['en', 'www.x.com/a|b€\ud83d', 'www dot x dot com slash a | b € \ud83d'],
    ['en', 'www.x.com/2100/2101', 'www dot x dot com slash 2100 slash 2-1-0-1'],
    [
      'en',
      "www.x.com/-_?=&#%+~,;!*'x",
      'www dot x dot com slash dash underscore question mark equals and hash percent plus tilde comma semicolon exclamation mark star apostrophe x',
    ],
    [
      'fr',
      "www.x.com/-_?=&#%+~,;!*'x",
      "www point x point com slash tiret tiret bas point d'interrogation égal et dièse pour cent plus tilde virgule point-virgule point d'exclamation étoile apostrophe x",
    ],
    [
      'de',
      "www.x.com/-_?=&#%+~,;!*'x",
      'www Punkt x Punkt com Schrägstrich Bindestrich Unterstrich Fragezeichen gleich und Raute Prozent Plus Tilde Komma Semikolon Ausrufezeichen Stern Apostroph x',
    ],
    [
      'es',
      "www.x.com/-_?=&#%+~,;!*'x",
      'www punto x punto com barra guión guión bajo signo de interrogación igual y almohadilla por ciento más virgulilla coma punto y coma signo de exclamación asterisco apóstrofo x',
    ],
    [
      'pt',
      "www.x.com/-_?=&#%+~,;!*'x",
      'www ponto x ponto com barra hífen sublinhado ponto de interrogação igual e cardinal por cento mais til vírgula ponto e vírgula ponto de exclamação asterisco apóstrofo x',
    ],
    ['de', 'www.firma.de/x', 'www Punkt firma Punkt D-E Schrägstrich x'],
    ['es', 'https://www.x.es', 'H-T-T-P-S dos puntos barra barra www punto x punto E-S'],
    ['pt', 'https://www.x.pt', 'H-T-T-P-S dois pontos barra barra www ponto x ponto P-T'],
  ])(NAME, gives);
});

describe('phone numbers and codes', () => {
  it.each<Row>([
    [
      'PhoneEn',
      '02079460958 01134960000 01632960001',
      '0-2-0 7-9-4-6 0-9-5-8 0-1-1-3 4-9-6 0-0-0-0 0-1-6-3-2 9-6-0 0-0-1',
    ],
    ['PhoneEn', '+4407700900123', '+44 0-7-7-0 0-9-0 0-1-2-3'],
    ['PhoneEn', '+1-650-234-9653', '+1 6-5-0 2-3-4 9-6-5-3'],
    ['PhoneEn', '+34612345678 +351912345678', '+34 6-1-2 3-4 5-6 7-8 +351 9-1-2 3-4-5 6-7-8'],
    ['PhoneEn', '+12345 +123456 012345 01234', '+12345 +1 2-3-4 5-6 0-1-2-3 4-5 01234'],
    ['PhoneEn', '+391234567 +999 + +44 7596854413', '+391234567 +999 + +44 7596854413'],
    ['PhoneEn', '01-02-2020 +-1234567 +1--234567 +1-234567-', '01-02-2020 +-1234567 +1--234567 +1-234567-'],
    ['PhoneEn', '00000000000000000 +10000000000000000', '00000000000000000 +10000000000000000'],
    [
      'PhoneEn',
      '00447700900123 0049151 00391234567',
      '0-0 44 7-7-0 0-9-0 0-1-2-3 0-0-4-9 1-5-1 0-0-3-9 1-2-3 4-5-6-7',
    ],
    ['PhoneEn', '00-44-7700900123 000447700900123', '00-44-7700900123 0-0-0-4 4-7-7 0-0-9 0-0-1 2-3'],
    ['fr', '0033123456789', '00 33 1 23 45 67 89'],
    ['es', '0034612345678', '00 34 612 34 56 78'],
    ['de', '00491511234567', '0-0 49 1-5 1 1 2-3 4-5 6-7'],
    ['PhoneEn', '01212345678 +11234567', '0-1-2-1 2-3-4 5-6-7-8 +1 1-2-3 4-5-6-7'],
    ['PhoneEn', '0123456789012345', '0-1-2-3 4-5-6 7-8-9 0-1-2 3-4-5'],
    [
      'PhoneDe',
      '04012345678 06912345678 08912345678',
      '0-4-0 1-2 3-4 5-6 7-8 0-6-9 1-2 3-4 5-6 7-8 0-8-9 1-2 3-4 5-6 7-8',
    ],
    ['PhoneFr', '+33556791936 +16502349653', '+33 5 56 79 19 36 +1 650 234 96 53'],
    ['PhoneFr', '+447700900123 +491511234567', '+44 770 090 01 23 +49 15 1 1 23 45 67'],
    [
      'PhoneDe',
      '03012345678 +493012345678 015112345678',
      '0-3-0 1-2 3-4 5-6 7-8 +49 3-0 1-2 3-4 5-6 7-8 0-1-5 1 1-2 3-4 5-6 7-8',
    ],
    ['PhoneEs', '+34612345678 0612345678', '+34 612 34 56 78 06 12 34 56 78'],
    ['PhonePt', '+351912345678 0212345678', '+351 9-1-2 3-4-5 6-7-8 0-2-1-2 3-4-5 6-7-8'],
    ['en', '+442000900123, (07596854413)', '+44 2-0 0-0-9-0 0-1-2-3, (0-7-5-9 6-8-5 4-4-1-3)'],
    ['AlNum', 'COVID19 A4 4K H2O ÄB1', 'C-O-V-I-D 1-9 A 4 4 K H 2 O Ä-B 1'],
    ['AlNum', 'ABC 123 Ab1 a1 A-1 AB-123-CD COVID-19', 'ABC 123 Ab1 a1 A-1 AB-123-CD COVID-19'],
  ])(NAME, gives);
});

it('EmailEn takes an address of 254 characters, and no longer one', () => {
  const address = (chars: number): string => `${'a'.repeat(chars - 6)}@x.com`;
  expect(rewriteText(address(254), 'EmailEn')).toMatch(/^a+ at x dot com$/);
  expect(rewriteText(address(255), 'EmailEn')).toBe(address(255));
});

function thrownBy(body: () => unknown): Error & { code?: string } {
  try {
    body();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}
