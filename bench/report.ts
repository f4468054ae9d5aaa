import { cpus, release, totalmem, type } from 'node:os';
import { Client } from 'pg';
import type { Measurement, Round } from './measurement';

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

/** A measurement's rounds and their middle. */
export interface Figures {
  readonly name: string;
  readonly unit: string;
  readonly goal: number;
  /** Medians of the rounds. */
  readonly ours: number;
  readonly limit: number;
  /** Median of the rounds' ratios, so that what slowed a whole round counts on both sides. */
  readonly ratio: number;
  readonly reached: boolean;
  readonly rounds: readonly (Round & { readonly ratio: number })[];
}

/** Sums the rounds of one measurement up. @throws RangeError when there are none */
export function summarise({ name, unit, goal, better }: Measurement, rounds: readonly Round[]): Figures {
  const rated = rounds.map((round) => ({
    ...round,
    ratio: better === 'higher' ? round.ours / round.limit : round.limit / round.ours,
  }));
  const ratio = median(rated.map((round) => round.ratio));
  return {
    name,
    unit,
    goal,
    ours: median(rounds.map(({ ours }) => ours)),
    limit: median(rounds.map(({ limit }) => limit)),
    ratio,
    reached: ratio >= goal,
    rounds: rated,
  };
}

/** The middle value; of an even number, the mean of the two middle ones. @throws RangeError for none */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const high = sorted[Math.floor(sorted.length / 2)];
  const low = sorted[Math.floor((sorted.length - 1) / 2)];
  if (high === undefined || low === undefined) throw new RangeError('There is no median of nothing.');
  return (low + high) / 2;
}

/** What the figures hold for. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly os: string;
  readonly node: string;
  readonly postgres: string;
}

export async function describeMachine(databaseUrl: string): Promise<Machine> {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: `${type()} ${release()}`,
    node: process.versions.node,
    postgres: await postgresVersion(databaseUrl),
  };
}

async function postgresVersion(connectionString: string): Promise<string> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
    return rows[0]?.server_version ?? 'unknown';
  } finally {
    await client.end();
  }
}
