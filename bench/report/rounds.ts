import type { Measurement, Round } from '../measurement';

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
