import type { Kafka, Producer } from '../../../src/kafka/client';
import { composeBatch } from '../../../src/outbox/batch';
import { createProgress } from '../../../src/outbox/progress';
import { createSender } from '../../../src/outbox/publisher';
import { pendingRow, thingRegistry } from '../../support/outbox/outbox';

const LONGER_THAN_A_SEND_MS = 21_000;
const registry = thingRegistry('things');
const row = pendingRow();
const batch = composeBatch([row], registry);

/** Of the producers that it makes, the first hangs there. */
function hangingKafka(at: keyof Producer) {
  const made: string[] = [];
  const hangs = () => new Promise<void>(() => undefined);
  const kafka = {
    createProducer(): Producer {
      const name = made.length === 0 ? 'first' : 'second';
      made.push(name);
      const answers: Producer = {
        connect: async () => undefined,
        sendBatch: async () => undefined,
        disconnect: async () => undefined,
      };
      return name === 'first' ? { ...answers, [at]: hangs } : answers;
    },
  } as Kafka;
  return { kafka, made };
}

describe('a sender', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it.each(['connect', 'sendBatch'] as const)(
    'gives up a %s that never comes back, and sends the same by a new producer',
    async (at) => {
      const { kafka, made } = hangingKafka(at);
      const sender = createSender({ kafka, registry, progress: createProgress() });
      const sending = sender.send(batch);
      await jest.advanceTimersByTimeAsync(LONGER_THAN_A_SEND_MS);
      expect(await sending).toMatchObject({
        published: [],
        failed: [],
        brokerError: new Error('Kafka did not answer in time.'),
      });
      expect(await sender.send(batch)).toEqual({ published: [row], failed: [] });
      expect(made).toEqual(['first', 'second']);
    },
  );

  it('closes within its time also when the producer does not', async () => {
    const { kafka } = hangingKafka('disconnect');
    const sender = createSender({ kafka, registry, progress: createProgress() });
    await sender.send(batch);
    const closing = sender.close();
    await jest.advanceTimersByTimeAsync(LONGER_THAN_A_SEND_MS);
    await closing;
  });

  it('sends nothing more once it is closed', async () => {
    const { kafka, made } = hangingKafka('sendBatch');
    const sender = createSender({ kafka, registry, progress: createProgress() });
    await sender.close();
    expect(await sender.send(batch)).toMatchObject({
      published: [],
      failed: [],
      brokerError: expect.any(Error) as Error,
    });
    expect(made).toEqual([]);
  });
});
