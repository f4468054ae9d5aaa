import { z } from 'zod';
import { createMediator, type Mediator } from '../../../src/cqrs/mediator';
import { defineCommand, handle } from '../../../src/cqrs/message';
import { noNotifier } from '../../../src/events/append';
import type { Kafka } from '../../../src/kafka/client';
import { type ConsumerOptions, type RunningConsumer, startConsumer } from '../../../src/kafka/consumer';
import type { ConsumerDefinition } from '../../../src/kafka/received-event';
import { isEvent } from '../../../src/kafka/received-event';
import type { Database } from '../../../src/platform/database/database';
import { createFaults } from '../../../src/platform/faults';
import { Refusal } from '../../../src/platform/refusal';
import { systemClock } from '../../../src/platform/timing';
import type { TestDatabase } from '../database';
import { silentLogger } from '../logger';
import { thingHappened, thingRegistry } from '../outbox/outbox';
import { uniqueName } from './kafka';

/** With these pauses before each retry. */
export const consumerConfig = (...retryDelaysMs: number[]) => ({
  sessionTimeoutMs: 6_000,
  retryDelaysMs,
  maxQueuedPerKey: 10_000,
});

const recordThing = defineCommand({
  name: 'RecordThing',
  input: z.strictObject({ key: z.string(), n: z.int() }),
  result: z.null(),
  roles: [],
});

/** What a consumer under test did: one row of `effect` for each time a message had its effect. */
export interface ConsumerWorld {
  readonly group: string;
  /** The keys whose command is refused for now. */
  readonly refused: Set<string>;
  /** Runs before each effect. */
  beforeEffect: () => Promise<void>;
  start(options: Pick<ConsumerOptions, 'kafka'> & Partial<ConsumerOptions>): RunningConsumer;
  effects(): Promise<Record<string, number[]>>;
  letters(): Promise<{ key: string; state: string; attempts: number; reason: string; offset: string }[]>;
}

/** A consumer of the tests' own event, whose effect is a row of a table of the tests' own. */
export async function createConsumerWorld(db: TestDatabase, topic: string): Promise<ConsumerWorld> {
  await db.query('CREATE TABLE IF NOT EXISTS effect (id bigserial PRIMARY KEY, topic text, key text, n int)');
  const refused = new Set<string>();
  const registry = thingRegistry(topic);
  const definition: ConsumerDefinition = {
    group: uniqueName('group'),
    topics: [topic],
    toCommand: (event) =>
      isEvent(thingHappened(topic), event) ? recordThing({ key: event.aggregate_id, n: event.payload.n }) : undefined,
  };

  const handler = handle(recordThing, async ({ key, n }, { uow }) => {
    await world.beforeEffect();
    if (refused.has(key)) throw new Refusal('out_of_stock', `Key ${key} is refused for now.`);
    await uow.tx.$executeRawUnsafe('INSERT INTO effect (topic, key, n) VALUES ($1, $2, $3)', topic, key, n);
    return null;
  });
  const mediatorOn = (database: Database): Mediator =>
    createMediator({
      handlers: [handler],
      registry,
      database,
      notifier: noNotifier,
      clock: systemClock,
      logger: silentLogger,
    });

  const world: ConsumerWorld = {
    group: definition.group,
    refused,
    beforeEffect: async () => undefined,
    start({ database = db.database, ...options }) {
      return startConsumer({
        database,
        mediator: mediatorOn(database),
        registry,
        faults: createFaults({ database, enabled: true, logger: silentLogger }),
        definition,
        config: consumerConfig(200, 400),
        logger: silentLogger,
        onFatal: (error) => {
          throw error;
        },
        ...options,
      });
    },
    async effects() {
      const rows = await db.query<{ key: string; n: number }>(
        'SELECT key, n FROM effect WHERE topic = $1 ORDER BY id',
        topic,
      );
      const byKey: Record<string, number[]> = {};
      for (const { key, n } of rows) (byKey[key] ??= []).push(n);
      return byKey;
    },
    letters: () =>
      db.query(
        `SELECT key, state, attempts, reason, "offset" FROM dead_letter WHERE consumer_group = $1 ORDER BY id`,
        definition.group,
      ),
  };
  return world;
}

export interface ForeignMessage {
  readonly key: string | Buffer | null;
  readonly value: string | Buffer | null;
  readonly headers: Readonly<Record<string, string | Buffer>>;
  /** Else by its key. */
  readonly partition?: number;
}

/** Sends messages as another system would, of any kind. */
export async function produce(kafka: Kafka, topic: string, messages: readonly ForeignMessage[]): Promise<void> {
  const producer = kafka.createProducer();
  await producer.connect();
  try {
    await producer.sendBatch([{ topic, messages: messages as never }]);
  } finally {
    await producer.disconnect();
  }
}

/** How many messages of the topic the group has committed. */
export async function committedMessages(kafka: Kafka, group: string, topic: string): Promise<number> {
  const admin = kafka.createAdmin();
  await admin.connect();
  try {
    const [offsets] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
    return (offsets?.partitions ?? []).reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0);
  } finally {
    await admin.disconnect();
  }
}

/** Makes the group read the topic from its beginning again. Nobody may be in the group. */
export async function rewind(kafka: Kafka, group: string, topic: string): Promise<void> {
  const admin = kafka.createAdmin();
  await admin.connect();
  try {
    await admin.resetOffsets({ groupId: group, topic, earliest: true });
  } finally {
    await admin.disconnect();
  }
}
