/**
 * Tables for people, in plain text: columns under one another, on a terminal cut to its width.
 * Not here: what is in them; JSON.
 */

const GAP = '  ';
const DEFAULT_COLUMNS = 80;
/** Of a cell in the midst of a row, on a terminal: names may be as long as a page. */
const MAX_MIDDLE_WIDTH = 32;
/** Of the last cell of a row, which takes what the others leave. */
const MIN_LAST_WIDTH = 16;

/**
 * Rows of as many cells as the first has, each on a line of its own. With `width` the last cell is cut to fit the line and
 * the ones before it, but for the first, to what leaves it some room. Counted in code points: wide characters may still wrap.
 */
export function table(rows: readonly (readonly string[])[], width = Number.POSITIVE_INFINITY): string {
  const cells = rows.map((row) => row.map((cell) => [...printable(cell)]));
  const widths = columnWidths(cells, width);
  return cells
    .map((row) => `${row.map((cell, i) => fitted(cell, widths[i] ?? 0)).join(GAP)}`.trimEnd())
    .map((line) => `${line}\n`)
    .join('');
}

/** How wide a table on standard output may be: as the terminal, and of any width where there is none. */
export function outputWidth(): number {
  // 0: a terminal that does not know its size, such as script(1)'s.
  return process.stdout.isTTY ? process.stdout.columns || DEFAULT_COLUMNS : Number.POSITIVE_INFINITY;
}

/** What is shown may hold anything; control characters would steer the terminal, and new lines break the table. */
export function printable(text: string): string {
  return text.replace(/[\t\r\n]+/g, ' ').replace(/\p{Cc}/gu, '�');
}

function columnWidths(rows: readonly string[][][], width: number): number[] {
  const last = (rows[0]?.length ?? 0) - 1;
  const widest = Array.from({ length: last + 1 }, (_, i) =>
    rows.reduce((most, row) => Math.max(most, row[i]?.length ?? 0), 0),
  );
  if (width === Number.POSITIVE_INFINITY) return widest;
  const widths = widest.map((most, i) => (i === 0 || i === last ? most : Math.min(most, MAX_MIDDLE_WIDTH)));
  const taken = widths.slice(0, last).reduce((sum, each) => sum + each + GAP.length, 0);
  widths[last] = Math.min(widths[last] ?? 0, Math.max(MIN_LAST_WIDTH, width - taken));
  return widths;
}

function fitted(cell: readonly string[], width: number): string {
  if (cell.length > width) return `${cell.slice(0, width - 1).join('')}…`;
  return cell.join('') + ' '.repeat(width - cell.length);
}
