import { createKafkaHealth } from '../../../src/kafka/client';
import { eventually } from '../../../testing/eventually';
import { connectTestKafkaByProxy } from '../../support/kafka/kafka';

const DEADLINE_MS = 500;

test('the health of Kafka: a connection that has gone silent is given up, and the next question goes by a new one', async () => {
  const { kafka, proxy } = await connectTestKafkaByProxy();
  const health = createKafkaHealth(kafka);
  await eventually(async () => expect(await health.describe(DEADLINE_MS)).toEqual({ brokers: 1 }), {
    deadlineMs: 10_000,
  });

  proxy.strand();
  await expect(health.describe(DEADLINE_MS)).rejects.toThrow('Kafka did not answer within 500 ms.');
  await eventually(async () => expect(await health.describe(DEADLINE_MS)).toEqual({ brokers: 1 }), {
    deadlineMs: 3_000,
  });

  proxy.stall();
  await expect(health.describe(DEADLINE_MS)).rejects.toThrow('Kafka did not answer within 500 ms.');
  await expect(health.describe(DEADLINE_MS)).rejects.toThrow('Kafka did not answer within 500 ms.');
  proxy.restore();
  await eventually(async () => expect(await health.describe(DEADLINE_MS)).toEqual({ brokers: 1 }), {
    deadlineMs: 3_000,
  });
  await health.close();
  await proxy.close();
});
