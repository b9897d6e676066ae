import { describe, expect, it } from 'vitest';
import { table } from '../../../src/cli/table.js';

describe('table', () => {
  it('table puts columns under one another, without spaces at the ends of lines', () => {
    expect(
      table([
        ['id', 'name', 'note'],
        ['a', 'Émilie', ''],
        ['bbb', '😀', 'x'],
      ]),
    ).toBe('id   name    note\na    Émilie\nbbb  😀       x\n');
    expect(table([])).toBe('');
  });

  it('table cuts the last column to the width, and says so', () => {
    const rows = [['abcdefghij', 'A name', 'A warm and smooth voice']];
    expect(table(rows, 40)).toBe('abcdefghij  A name  A warm and smooth v…\n');
    expect(table(rows, 43)).toBe('abcdefghij  A name  A warm and smooth voice\n');
    expect(table(rows)).toBe('abcdefghij  A name  A warm and smooth voice\n');
  });

  it('table cuts long cells in the midst for the sake of the last, and never the first', () => {
    const [id, name] = ['i'.repeat(50), 'n'.repeat(500)];
    expect(table([[id, name, 'd'.repeat(100)]], 80)).toBe(`${id}  ${'n'.repeat(31)}…  ${'d'.repeat(15)}…\n`);
    expect(table([[id, name, 'd']])).toBe(`${id}  ${name}  d\n`);
  });

  it('table keeps each row on its line and control characters from the terminal', () => {
    expect(table([['a\r\nb\tc', '\x1b[31mred\x07']])).toBe('a b c  �[31mred�\n');
  });
});
