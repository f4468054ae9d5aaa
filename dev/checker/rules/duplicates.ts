import type { TopicMessage } from '../topic-messages';
import { countDuplicates } from './topics';

/** The faults that make a relay send again, and what one of them may cost. */
export interface DuplicatesBound {
  /** Kills of a relay, and sends that failed. */
  readonly faults: number;
  readonly shards: number;
  readonly batchSize: number;
}

/** Per kill or failed send at most a batch of each shard is sent again; without a fault nothing is. */
export const duplicatesAtMost = ({ faults, shards, batchSize }: DuplicatesBound): number => faults * shards * batchSize;

/** More came twice than the faults explain. */
export function checkDuplicates(messages: readonly TopicMessage[], bound: DuplicatesBound): string[] {
  const duplicates = countDuplicates(messages);
  const atMost = duplicatesAtMost(bound);
  if (duplicates <= atMost) return [];
  return [`${duplicates} messages came twice, and ${bound.faults} faults explain at most ${atMost}`];
}
