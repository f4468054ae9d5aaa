import { Kafka, logLevel } from 'kafkajs';
import { consumers } from '../../../src/application';
import { connectTemporalClient } from '../../../src/platform/temporal/temporal';
import { RETENTION } from '../../../src/temporal-contract';
import { countDuplicates } from '../../../testing/checker/topic-rules';
import { eventually } from '../../../testing/eventually';
import { newClientId, payUntilSettled, placeOrder } from '../../../testing/shop';
import { type E2eStack, startE2eStack } from '../../support/e2e-stack';

const DEADLINE_MS = 60_000;
const ORDERS = 20;
const reason = 'a consumer lost its topic';

interface Replay {
  readonly replay_id: string;
  readonly events: number;
  readonly keys: number;
  readonly written: number;
  readonly pending: number;
  readonly finished_at: string | null;
  readonly topics: readonly { topic: string; events: number }[];
  readonly consumer_groups: readonly { group: string; events: number; already_applied: number }[];
}

describe('an operator who replays the log', () => {
  let stack: E2eStack;
  let from: string;
  beforeAll(async () => {
    stack = await startE2eStack();
    from = new Date(Date.now() - 60_000).toISOString();
    const orders = await Promise.all(Array.from({ length: ORDERS }, () => placeOrder(stack.service, {}, DEADLINE_MS)));
    await Promise.all(
      orders.map((order) => payUntilSettled(stack.service, order, { payment_id: newClientId('pay') }, DEADLINE_MS)),
    );
    await stack.checker.holds(DEADLINE_MS);
  }, 120_000);
  afterAll(() => stack?.stop());

  const replayed = async () => (await stack.checker.snapshot()).messages.filter(({ headers }) => headers.ce_replayid);
  const published = (replay_id: string) =>
    eventually(
      async () => {
        const { body } = await stack.operator.call<Replay>('GET', `/admin/outbox/replays/${replay_id}`);
        expect(body).toMatchObject({ pending: 0, finished_at: expect.any(String) });
        return body;
      },
      { deadlineMs: DEADLINE_MS },
    );

  it('is told what it would touch, and that nothing of it is new to the consumers', async () => {
    const dryRun = { json: { from, types: ['order.paid'], reason, dry_run: true } };
    const { status, body } = await stack.operator.call<Replay>('POST', '/admin/outbox/replay', dryRun);
    expect(status).toBe(200);
    expect(body).toMatchObject({ replay_id: null, events: ORDERS, keys: ORDERS });
    expect(body.topics).toEqual([{ topic: 'paysaga.order', events: ORDERS }]);
    expect(body.consumer_groups).toEqual([{ group: 'sales-projection', events: ORDERS, already_applied: ORDERS }]);
    expect(await replayed()).toEqual([]);
  });

  it('has every event published again, marked, although the worker is killed; nothing is applied twice', async () => {
    const json = { from, reason };
    const headers = { 'idempotency-key': newClientId('replay') };
    const { status, body } = await stack.operator.call<Replay>('POST', '/admin/outbox/replay', { json, headers });
    expect(status).toBe(202);
    await stack.processes.kill('worker', 'SIGKILL');
    const again = await stack.operator.call<Replay>('POST', '/admin/outbox/replay', { json, headers });
    expect(again.body).toEqual(body);

    expect(await published(body.replay_id)).toMatchObject({ written: body.events });
    await untilConsumed(stack.services.kafkaBrokers);
    const snapshot = await stack.checker.holds(DEADLINE_MS);
    const marked = snapshot.messages.filter(({ headers }) => headers.ce_replayid === body.replay_id);
    expect(new Set(marked.map(({ headers }) => headers.ce_id))).toEqual(
      new Set(snapshot.events.map(({ event_id }) => event_id)),
    );
    expect(marked).toHaveLength(body.events + countDuplicates(snapshot.messages));
    expect(snapshot.deadLetters).toEqual([]);
  }, 120_000);

  it('finds the housekeeping scheduled', async () => {
    const connection = { address: stack.services.temporalAddress };
    const temporal = connectTemporalClient({ config: { connection, namespace: stack.namespace } });
    const { action } = await temporal.client.schedule.getHandle(RETENTION).describe();
    expect(action).toMatchObject({ type: 'startWorkflow', workflowType: 'housekeeping' });
    await temporal.close();
  });
});

/** Waits until every consumer group has committed the end of its topics. */
async function untilConsumed(brokers: string): Promise<void> {
  const kafka = new Kafka({ brokers: brokers.split(','), clientId: 'paysaga-test', logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  try {
    for (const { group: groupId, topics } of consumers) {
      await eventually(
        async () => {
          for (const { topic, partitions } of await admin.fetchOffsets({ groupId, topics: [...topics] })) {
            const ends = await admin.fetchTopicOffsets(topic);
            for (const { partition, offset } of partitions) {
              const end = ends.find((place) => place.partition === partition);
              expect([topic, partition, Math.max(0, Number(offset))]).toEqual([topic, partition, Number(end?.offset)]);
            }
          }
        },
        { deadlineMs: DEADLINE_MS },
      );
    }
  } finally {
    await admin.disconnect();
  }
}
