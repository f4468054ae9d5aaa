import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { SHARDS } from '../src/events/append';
import type { ApiClient } from '../testing/api-client';
import { ConsistencyError } from '../testing/checker/checker';
import { checkDuplicates, countDuplicates, duplicatesAtMost } from '../testing/checker/topic-rules';
import { eventually, must } from '../testing/eventually';
import { armDelay, disarmFaults } from '../testing/faults';
import {
  CHARGED_GOODS,
  newClientId,
  type OrderRequest,
  orderRequest,
  type OrderResponse,
  payUntilSettled,
} from '../testing/shop';
import type { FreshStack } from './stack/fresh-stack';
import type { ProcessName } from './stack/process-environment';
import type { Processes } from './stack/processes';

/** The options of {@link runChaos}. */
export interface ChaosOptions {
  /** A stack that was started with `chaosEnv` and `restart`. */
  readonly stack: FreshStack;
  /** The least number of events, from placed orders of which some are paid. */
  readonly events: number;
  /** The number of SIGKILLs of api, worker and consumer, at random moments. */
  readonly kills: number;
  /** The seed of the moments and of the choice of processes. */
  readonly seed: number;
}

/** The result of a run. */
export interface ChaosReport {
  readonly orders: number;
  readonly events: number;
  readonly messages: number;
  readonly duplicates: number;
  /** The most messages that killed relays may have repeated: a batch of each of their shards. */
  readonly duplicatesAtMost: number;
  readonly kills: Kills;
  readonly ms: number;
}

const BATCH_SIZE = 20;
/** Small batches, so that the bound on duplicates is strict. */
export const chaosEnv = { OUTBOX_BATCH_SIZE: String(BATCH_SIZE) };

/** The delay between Kafka's ack and the mark, long enough for kills that cause duplicates. */
const MARK_AFTER_MS = 200;
/** The most that a fault point accepts, and more than a relay reaches. */
const MANY = 10_000;
const EVENTS_PER_ORDER = 2;
const MS_PER_KILL = 2_200;
const PATIENCE_MS = 120_000;

/**
 * Places orders while processes die at random. When everything has come to rest, judges the whole event log and the
 * whole topics.
 *
 * @throws ConsistencyError for lost, unknown, misordered or repeated effects, and for more duplicates than the kills
 *   explain
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

/** The options of {@link killAtRandom}. */
export interface KillAtRandomOptions {
  readonly processes: Processes;
  readonly kills: number;
  /** The time over which the kills are spread, in ms. */
  readonly durationMs: number;
  readonly random: () => number;
}

/** The number of kills of each process. */
export type Kills = Record<ProcessName, number>;

/** A process is back sooner than this: the longest pause before a restart is 5 s. */
const SOME_RUN_WITHIN_MS = 30_000;

/** Kills running processes with SIGKILL at random moments. @returns the kills of each process */
export async function killAtRandom({ processes, kills, durationMs, random }: KillAtRandomOptions): Promise<Kills> {
  const killed: Kills = { api: 0, worker: 0, consumer: 0 };
  const moments = Array.from({ length: kills }, () => random() * durationMs).sort((one, other) => one - other);
  const began = performance.now();
  for (const moment of moments) {
    await delay(Math.max(0, began + moment - performance.now()));
    const name = await pickRunning(processes, random());
    await processes.kill(name);
    killed[name] += 1;
  }
  return killed;
}

const NAMES: readonly ProcessName[] = ['api', 'worker', 'consumer'];

function pickRunning(processes: Processes, chance: number): Promise<ProcessName> {
  return eventually(
    () => {
      const running = NAMES.filter((name) => processes.isRunning(name));
      const picked = running[Math.floor(chance * running.length)];
      must(picked !== undefined, 'none of the processes runs');
      return picked;
    },
    { deadlineMs: SOME_RUN_WITHIN_MS },
  );
}

/** The options of {@link orderSteadily}. */
export interface OrderSteadilyOptions {
  readonly api: ApiClient;
  readonly orders: number;
  /** The time over which the orders are spread, in ms. */
  readonly durationMs: number;
  /** The time for which a client repeats a request, in ms. */
  readonly patienceMs: number;
}

const CLIENTS = 20;
/** A killed API does not answer a request any more. */
const ASK_AGAIN_MS = 5_000;
/** One of this many orders is paid, and one is of goods that are charged and shipped. */
const PAID = 50;

/**
 * Places orders, some of them charged automatically, and pays some. Clients repeat a request with the same key until
 * they get a response.
 */
export async function orderSteadily({ api, orders, durationMs, patienceMs }: OrderSteadilyOptions): Promise<void> {
  const began = performance.now();
  const paying: Promise<void>[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      for (let n = next++; n < orders; n = next++) {
        await delay(Math.max(0, began + (n / orders) * durationMs - performance.now()));
        const order = await placeUntilAnswered(api, n % PAID === PAID / 2 ? CHARGED_GOODS : {}, patienceMs);
        if (n % PAID === 0) paying.push(payOrder(api, order, patienceMs));
      }
    }),
  );
  await Promise.all(paying);
}

/** Places one order under one `Idempotency-Key`, with any number of requests. */
function placeUntilAnswered(api: ApiClient, order: OrderRequest, patienceMs: number): Promise<OrderResponse> {
  const request = { json: orderRequest(order), headers: { 'idempotency-key': randomUUID() }, timeoutMs: ASK_AGAIN_MS };
  return eventually(
    async () => {
      const { status, body, text } = await api.call<OrderResponse>('POST', '/orders', request);
      must(status === 201, `POST /orders answered ${status} ${text}`);
      return body;
    },
    { deadlineMs: patienceMs, everyMs: 100 },
  );
}

async function payOrder(api: ApiClient, order: OrderResponse, patienceMs: number): Promise<void> {
  const { status, text } = await payUntilSettled(api, order, { payment_id: newClientId('pay') }, patienceMs);
  must(status === 200, `the payment of ${order.order_id} was answered ${status} ${text}`);
}

/**
 * Creates a random generator (mulberry32) of numbers from 0 up to 1. The same seed gives the same numbers, so that a
 * run can be repeated.
 */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return function random() {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
