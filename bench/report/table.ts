import type { Figures } from './rounds';
import type { Machine } from './machine';

/** The figures for people: one line for each measurement, the rounds' ratios behind it. */
export function table(figures: readonly Figures[], { cpu, cores, memoryGiB, node, os }: Machine): string {
  const rows = [
    ['name', 'ours', 'limit', 'unit', 'ratio', 'goal', '', 'rounds'],
    ...figures.map(({ name, ours, limit, unit, ratio, goal, reached, rounds }) => [
      name,
      amount(ours),
      amount(limit),
      unit,
      ratio.toFixed(2),
      `≥ ${goal}`,
      reached ? '✓' : '✗',
      rounds.map((round) => round.ratio.toFixed(2)).join(' '),
    ]),
  ];
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) => row.map((cell, column) => align(cell, widths[column] ?? 0, column)).join('  '));
  return [...lines, '', `${cores} × ${cpu}, ${memoryGiB} GiB, ${os}, Node ${node}`].join('\n');
}

const NUMBERS = new Set([1, 2, 4]);

const align = (cell: string, width: number, column: number): string =>
  NUMBERS.has(column) ? cell.padStart(width) : cell.padEnd(width);

const amount = (value: number): string =>
  value.toLocaleString('en', { maximumFractionDigits: value < 100 ? 1 : 0, useGrouping: true });
