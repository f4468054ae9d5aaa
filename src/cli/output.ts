import { stripVTControlCharacters } from 'node:util';

/** Prints a line to stdout. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Prints a line to stderr, for people, so that stdout stays readable for programs. */
export function complain(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Prints a value as JSON. */
export const sayJson = (value: unknown): void => say(JSON.stringify(value, null, 2));

/** Returns the text of a cell, without characters that could control the terminal. */
const cell = (value: unknown): string =>
  value === null || value === undefined ? '-' : stripVTControlCharacters(String(value)).replace(/\p{Cc}+/gu, ' ');

/** Returns rows as a table under headings. Columns are as wide as their content. */
export function table(headings: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const lines = [headings, ...rows.map((row) => row.map(cell))];
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Returns the fields of an object, one a line. */
export const fields = (thing: object): string =>
  Object.entries(thing)
    .map(([name, value]) => `${`${name}:`.padEnd(17)}${cell(value)}`)
    .join('\n');
