import type { Kafka, Producer } from '../../messaging/kafka';
import type { CloudEventsMode } from '../../messaging/structured-event';
import { within } from '../../platform/wait';
import { type Batch, composeBatch } from './batch';
import type { EventRegistry } from '../event-registry';
import { noting, type Progress } from './progress';
import { publishErrorKind } from './publish-error';
import { isolate, type SendResult } from './isolate';

/** Sends the batches of one relay. */
export interface Sender {
  /**
   * Sends the batch in one `sendBatch` or, when Kafka refuses its content, aggregate by aggregate. Never throws. A row
   * in neither list of the result may have been stored, and is sent again.
   */
  send(batch: Batch): Promise<SendResult>;
  /** Stops all sends, also those of a round that still hangs. */
  close(): Promise<void>;
}

/** What the sender of a relay needs. */
export interface SenderOptions {
  readonly kafka: Kafka;
  readonly registry: EventRegistry;
  readonly cloudEventsMode?: CloudEventsMode;
  /** Notes the end of each send. */
  readonly progress: Progress;
}

/** Longer than two attempts of kafkajs at a broker that does not answer. */
const SEND_MS = 20_000;

/** A producer that hangs on a dead broker must not hold up the end of the process. */
const DISCONNECT_MS = 2_000;

/**
 * Creates the sender of a relay. Its producer is replaced after each failed send: kafkajs rolls its sequence back then,
 * and the broker would take another batch for the lost one.
 */
export function createSender({ kafka, registry, cloudEventsMode = 'binary', progress }: SenderOptions): Sender {
  let connected: Promise<Producer> | undefined;
  let closed = false;

  const connect = async (): Promise<Producer> => {
    const producer = kafka.createProducer();
    await producer.connect();
    return producer;
  };

  const disconnect = async (): Promise<void> => {
    const last = connected;
    connected = undefined;
    await last?.then((producer) => producer.disconnect()).catch(() => undefined);
  };

  const deliver = async ({ topics }: Batch): Promise<void> => {
    connected ??= connect();
    await (await connected).sendBatch(topics);
  };

  const sendOnce = async (batch: Batch): Promise<{ error: unknown } | undefined> => {
    try {
      if (closed) throw new Error('The relay has ended: its successor sends these rows.');
      await noting(progress, within(SEND_MS, deliver(batch), late));
      return undefined;
    } catch (error) {
      void disconnect();
      return { error };
    }
  };

  return {
    async send(batch) {
      const { rows, failed } = batch;
      if (rows.length === 0) return { published: [], failed };
      const failure = await sendOnce(batch);
      if (!failure) return { published: rows, failed };
      if (publishErrorKind(failure.error) === 'broker') return { published: [], failed, brokerError: failure.error };
      const isolated = await isolate(rows, (part) => sendOnce(composeBatch(part, registry, { mode: cloudEventsMode })));
      return { ...isolated, failed: [...failed, ...isolated.failed] };
    },
    async close() {
      closed = true;
      await within(DISCONNECT_MS, disconnect(), late).catch(() => undefined);
    },
  };
}

const late = (): Error => new Error('Kafka did not answer in time.');
