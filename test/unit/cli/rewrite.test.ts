import { describe, expect, it } from 'vitest';
import { REWRITE_ALIASES, REWRITE_RULES } from '../../../src/gradium/index.js';
import { rewriteText } from '../../../src/text/index.js';
import { said, sluice, start } from './run.js';

const TEXT = 'Call 07596854413 at 3:45PM!';
const REWRITTEN = 'Call 0-7-5-9 6-8-5 4-4-1-3 at 3.45PM!';

describe('sluice rewrite', () => {
  it.each([
    [TEXT, 'en', REWRITTEN],
    ['12:30 “1234”', ' TimeEn, NumberEn ', '12.30 "1 thousand 234"'],
    ['“1234”', 'none', '"1234"'],
    ['', 'en', ''],
  ])('sluice rewrite %j --rules %j prints one line', async (text, rules, rewritten) => {
    const result = await sluice(['rewrite', text, '--rules', rules]);
    expect(result).toMatchObject({ code: 0, stdout: `${rewritten}\n`, stderr: '' });
  });

  it('sluice rewrite takes text that begins with a dash after --', async () => {
    const { code, stdout } = await sluice(['rewrite', '-r', 'fr', '--', '-4500']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'moins 4 mille 500\n' });
  });

  it('sluice rewrite --json tells text, rules and what became of it', async () => {
    const expected = { text: TEXT, rules: 'en', rewritten: REWRITTEN };
    for (const [args, stdin] of [
      [[TEXT], ''],
      [['-'], TEXT],
    ] as const) {
      const { code, stdout, stderr } = await sluice(['rewrite', ...args, '-r', 'en', '--json'], { stdin });
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(JSON.parse(stdout)).toEqual(expected);
    }
  });

  it('sluice rewrite - gives standard input rewritten, white space and missing line end kept', async () => {
    const stdin = `  ${TEXT}\r\n\n\t1234 “é”`;
    const { code, stdout } = await sluice(['rewrite', '-', '--rules', 'en'], { stdin });
    expect({ code, stdout }).toEqual({ code: 0, stdout: `  ${REWRITTEN}\r\n\n\t1 thousand 234 "é"` });
  });

  it('sluice rewrite - writes what is certain while more may come', async () => {
    const child = start(['rewrite', '-', '--rules', 'en']);
    const whole = said(child.stdout, /\$$/);
    const first = said(child.stdout, / $/);
    child.stdin.write('1234 56');
    expect(await first).toBe('1 thousand 234 ');
    child.stdin.end('78 $');
    expect(await whole).toBe('1 thousand 234 5 thousand 678 $');
  });

  it('sluice rewrite - makes of long words and long text what rewriteText makes of the whole', async () => {
    const words = [
      '1234 ',
      '“'.repeat(100_000),
      '1234\n',
      '5'.repeat(70_000),
      ' 1234 é 12:30 ',
      '“'.repeat(40_000),
      ' 1',
    ];
    const stdin = words.join('').repeat(5);
    const { code, stdout } = await sluice(['rewrite', '-', '--rules', 'en'], { stdin });
    expect(code).toBe(0);
    expect(stdout === rewriteText(stdin, 'en')).toBe(true);
  });

  it('sluice rewrite names the rules there are where one is unknown, exit 2, before it reads', async () => {
    const { code, stdout, stderr } = await sluice(['rewrite', '-', '--rules', 'en,English'], {
      stdin: '1234 ',
    });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('got "English"');
    for (const name of [...REWRITE_RULES, ...Object.keys(REWRITE_ALIASES)]) expect(stderr).toContain(name);
    expect(stderr).toContain('ERR_INVALID_ARG');
  });

  it('sluice rewrite without rules is a usage error', async () => {
    const { code, stderr } = await sluice(['rewrite', 'x']);
    expect(code).toBe(2);
    expect(stderr).toContain("required option '-r, --rules <list>'");
  });
});
