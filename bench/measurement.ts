import type { BenchStack } from './stack/bench-stack';

/** What one round found: ours and the raw limit, in the measurement's unit. */
export interface Round {
  readonly ours: number;
  readonly limit: number;
  /** What they are made of, and what else was seen: into the JSON only. */
  readonly parts?: Readonly<Record<string, number>>;
}

/** One ratio of the design's section 15. */
export interface Measurement {
  readonly name: string;
  readonly unit: string;
  /** Of a `lower` figure, as a latency is, the ratio is limit ÷ ours: above 1 is always better. */
  readonly better: 'higher' | 'lower';
  /** The ratio to reach. */
  readonly goal: number;
  /** Gets what it needs ready, on a stack of its own. @returns measures ours and the limit in turn, once */
  readonly prepare: (stack: BenchStack) => Promise<() => Promise<Round>>;
}

/** Per second for work that does one after the other, each of which alone runs at these rates. */
export const inSequence = (...rates: readonly number[]): number =>
  1 / rates.reduce((seconds, rate) => seconds + 1 / rate, 0);
