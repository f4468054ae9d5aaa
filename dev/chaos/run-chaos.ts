import { ConsistencyError } from '../checker/checker';
import { checkDuplicates, duplicatesAtMost } from '../checker/rules/duplicates';
import { countDuplicates } from '../checker/rules/topics';
import { eventually, must } from '../client/eventually';
import { armDelay, disarmFaults } from '../client/faults';
import { SHARDS } from '../../src/outbox/shard';
import type { FreshStack } from '../stack/fresh-stack';
import { type Kills, killAtRandom } from './kill-at-random';
import { orderSteadily } from './order-steadily';
import { createRandom } from './random';

export interface ChaosOptions {
  /** Started with `chaosEnv` and `restart`. */
  readonly stack: FreshStack;
  /** At least so many, of orders that are placed and some that are paid. */
  readonly events: number;
  /** SIGKILLs of api, worker and consumer, at random moments. */
  readonly kills: number;
  /** Of the moments, and of who is killed then. */
  readonly seed: number;
}

export interface ChaosReport {
  readonly orders: number;
  readonly events: number;
  readonly messages: number;
  readonly duplicates: number;
  /** What the killed relays may have sent again: each at most a batch of each of its shards. */
  readonly duplicatesAtMost: number;
  readonly kills: Kills;
  readonly ms: number;
}

const BATCH_SIZE = 20;
/** Small batches, so that the bound on duplicates says something. */
export const chaosEnv = { OUTBOX_BATCH_SIZE: String(BATCH_SIZE) };

/** Between Kafka's ack and the mark, where a kill costs duplicates: long enough to be hit. */
const MARK_AFTER_MS = 200;
/** As many as a fault point takes, and more than a relay gets to. */
const MANY = 10_000;
const EVENTS_PER_ORDER = 2;
const MS_PER_KILL = 2_200;
const PATIENCE_MS = 120_000;

/**
 * Orders come in while processes die at random; then everything comes to rest, and is judged by the whole
 * event log and the whole topics.
 *
 * @throws ConsistencyError for what is lost, unknown, out of order or done twice, and for more duplicates than
 *   the kills explain
 */
export async function runChaos({ stack, events, kills, seed }: ChaosOptions): Promise<ChaosReport> {
  const { service: api, operator, processes, checker } = stack;
  const began = performance.now();
  const orders = Math.ceil(events / EVENTS_PER_ORDER);
  const durationMs = kills * MS_PER_KILL;
  const random = createRandom(seed);

  await armDelay(operator, 'relay.after_send', MARK_AFTER_MS, MANY);
  const [killed] = await Promise.all([
    killAtRandom({ processes, kills, durationMs, random }),
    orderSteadily({ api, orders, durationMs, patienceMs: durationMs + PATIENCE_MS }),
  ]);
  await eventually(() => disarmFaults(operator), { deadlineMs: PATIENCE_MS });
  const judged = await checker.holds(PATIENCE_MS);

  const bound = { faults: killed.worker, shards: SHARDS, batchSize: BATCH_SIZE };
  const violations = checkDuplicates(judged.messages, bound);
  if (violations.length > 0) throw new ConsistencyError(violations);
  must(judged.orders.length === orders, `${judged.orders.length} orders were placed instead of ${orders}`);
  must(judged.events.length >= events, `${judged.events.length} events were written instead of ${events}`);
  const died = stack.log.filter((line) => line.includes('ended: SIGKILL')).length;
  must(died === kills, `${died} processes died of ${kills} kills`);
  return {
    orders,
    events: judged.events.length,
    messages: judged.messages.length,
    duplicates: countDuplicates(judged.messages),
    duplicatesAtMost: duplicatesAtMost(bound),
    kills: killed,
    ms: performance.now() - began,
  };
}
