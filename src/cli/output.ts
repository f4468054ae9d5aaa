import { stripVTControlCharacters } from 'node:util';

export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** For people, beside what a program reads. */
export function complain(line: string): void {
  process.stderr.write(`${line}\n`);
}

export const sayJson = (value: unknown): void => say(JSON.stringify(value, null, 2));

/** A cell's text; what came from outside cannot steer the terminal. */
const cell = (value: unknown): string =>
  value === null || value === undefined ? '-' : stripVTControlCharacters(String(value)).replace(/\p{Cc}+/gu, ' ');

/** Rows under their headings, columns as wide as what is in them; the last one may be long. */
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

/** One thing, a line for each of its fields. */
export const fields = (thing: object): string =>
  Object.entries(thing)
    .map(([name, value]) => `${`${name}:`.padEnd(17)}${cell(value)}`)
    .join('\n');
