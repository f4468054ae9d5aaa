import type { EventRegistry } from '../events/registry';
import type { Kafka, Producer } from '../kafka/client';
import type { CloudEventsMode } from '../kafka/cloud-events';
import { within } from '../platform/timing';
import { groupBy } from '../platform/values';
import { type Batch, composeBatch, type FailedRow, publishErrorKind } from './batch';
import { noting, type Progress } from './progress';
import type { PendingRow } from './relay.sql';

/** The outcome of a send. */
export interface SendResult {
  /** Stored by all in-sync replicas. */
  readonly published: readonly PendingRow[];
  /** Rows that Kafka refuses. Later rows of their aggregates were not sent. */
  readonly failed: readonly FailedRow[];
  /** Why the rest was not sent, if the broker is the cause. */
  readonly brokerError?: unknown;
}

/** Sends rows, and returns the failure if there was one. */
type SendPart = (rows: readonly PendingRow[]) => Promise<{ error: unknown } | undefined>;

/**
 * Isolates the rows whose content Kafka refuses, because Kafka does not name them. It sends aggregate by aggregate, and
 * a refused aggregate row by row up to the refused one. The order per aggregate is kept.
 */
export async function isolate(rows: readonly PendingRow[], send: SendPart): Promise<SendResult> {
  const published: PendingRow[] = [];
  const failed: FailedRow[] = [];

  for (const aggregate of groupBy(rows, ({ aggregate_id }) => aggregate_id).values()) {
    const failure = await send(aggregate);
    if (!failure) {
      published.push(...aggregate);
      continue;
    }
    if (publishErrorKind(failure.error) === 'broker') return { published, failed, brokerError: failure.error };
    const found = aggregate.length === 1 ? refused(aggregate, failure.error) : await sendUntilRefused(aggregate, send);
    published.push(...found.published);
    failed.push(...found.failed);
    if (found.brokerError !== undefined) return { published, failed, brokerError: found.brokerError };
  }
  return { published, failed };
}

async function sendUntilRefused(rows: readonly PendingRow[], send: SendPart): Promise<SendResult> {
  const published: PendingRow[] = [];
  for (const row of rows) {
    const failure = await send([row]);
    if (!failure) published.push(row);
    else if (publishErrorKind(failure.error) === 'broker') {
      return { published, failed: [], brokerError: failure.error };
    } else return { ...refused([row], failure.error), published };
  }
  return { published, failed: [] };
}

const refused = (rows: readonly PendingRow[], error: unknown): SendResult => ({
  published: [],
  failed: rows.map((row) => ({ row, error })),
});

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
