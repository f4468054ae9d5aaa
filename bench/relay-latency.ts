import { setTimeout as delay } from 'node:timers/promises';
import { eventRegistry } from '../src/application';
import { shardOf } from '../src/events/append';
import { createListener, createNotifier } from '../src/outbox/notify';
import { createLogger } from '../src/platform/logger';
import { drainRate, enqueue, fillEvents, relayOptions, ROWS, startPlainRelay } from './drain-outbox';
import { percentile } from './load';
import { connectClient, type Measurement } from './measurement';
import { byTopic, connectRawKafka, readMessages, type TopicMessage } from './raw-relay';

/** Half of the relay's poll interval: what waiting for the next poll takes on average. */
const POLL_ALLOWANCE_MS = 25;
const TICK_MS = 20;
const WARM_UP_TICKS = 50;
const TICKS = 250;

/**
 * Milliseconds from a commit until a consumer has the event, the median at half of the relay's own rate.
 * The limit is that of kafkajs alone, from the send on, and 25 ms for the poll.
 */
export const latency: Measurement = {
  name: 'latency',
  unit: 'ms',
  better: 'lower',
  goal: 1,
  async prepare(stack) {
    const { databaseUrl, config, teardown } = stack;
    const client = await connectClient(stack);
    await fillEvents(client);
    const logger = createLogger({ name: 'bench', ...config.log });
    const notifications = { url: databaseUrl, applicationName: 'paysaga-bench-notifications', logger };
    const listener = createListener(notifications);
    const notifier = createNotifier(notifications);
    teardown.add(() => listener.close());
    teardown.add(() => notifier.close());
    const options = { ...relayOptions(stack), listener };
    const stopCalibrating = startPlainRelay(options);
    const halfRate = (await drainRate(client).finally(stopCalibrating)) / 2;
    const ticks = toTicks(await readMessages(client), halfRate);

    const arrivals = createArrivals();
    const kafka = connectRawKafka(config.kafka);
    const consumer = await kafka.consume(eventRegistry.topics, (eventId) => arrivals.arrived(eventId));
    teardown.add(() => consumer.stop());
    const producer = await kafka.connectProducer();
    teardown.add(() => producer.stop());

    return async function round() {
      const stop = startPlainRelay(options);
      const ours = await medianLatency(arrivals, ticks, async (eventIds, messages) => {
        await enqueue(client, eventIds);
        const committed = performance.now();
        notifier.appended(shardsOf(messages));
        return committed;
      }).finally(stop);
      const raw = await medianLatency(arrivals, ticks, async (_, messages) => {
        const began = performance.now();
        await producer.sendBatch(byTopic(messages));
        return began;
      });
      return { ours, limit: raw + POLL_ALLOWANCE_MS, parts: { raw, events_per_second: halfRate } };
    };
  },
};

const shardsOf = (messages: readonly TopicMessage[]): Set<number> =>
  new Set(messages.map(({ message }) => shardOf(message.key)));

const toTicks = (messages: readonly TopicMessage[], rate: number): TopicMessage[][] => {
  const size = Math.max(1, Math.min(Math.floor((rate * TICK_MS) / 1000), ROWS / TICKS));
  return Array.from({ length: TICKS }, (_, tick) => messages.slice(tick * size, (tick + 1) * size));
};

/** @param emit one tick's events. @returns the moment from which they count */
type Emit = (eventIds: readonly string[], messages: readonly TopicMessage[]) => Promise<number>;

async function medianLatency(arrivals: Arrivals, ticks: readonly TopicMessage[][], emit: Emit): Promise<number> {
  const latencies: Promise<number[]>[] = [];
  let due = performance.now();
  for (const [tick, messages] of ticks.entries()) {
    await delay(Math.max(0, (due += TICK_MS) - performance.now()));
    const eventIds = messages.map(({ event_id }) => event_id);
    const arriving = arrivals.expect(eventIds);
    const from = await emit(eventIds, messages);
    const taken = arriving.then((times) => times.map((at) => at - from));
    if (tick >= WARM_UP_TICKS) latencies.push(taken);
  }
  const all = (await Promise.all(latencies)).flat();
  return percentile(
    all.toSorted((a, b) => a - b),
    0.5,
  );
}

/** Waits for events to arrive somewhere, each as often as it is expected. */
export interface Arrivals {
  arrived(eventId: string): void;
  /** @returns when each of them arrives the next time, by `performance.now()` */
  expect(eventIds: readonly string[]): Promise<number[]>;
}

export function createArrivals(): Arrivals {
  const waiting = new Map<string, (at: number) => void>();
  return {
    arrived(eventId) {
      waiting.get(eventId)?.(performance.now());
      waiting.delete(eventId);
    },
    expect: (eventIds) =>
      Promise.all(eventIds.map((eventId) => new Promise<number>((resolve) => waiting.set(eventId, resolve)))),
  };
}
