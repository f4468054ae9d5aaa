import type { EventRegistry } from '../events/registry';
import type { TopicMessages } from '../kafka/client';
import { type CloudEventsMode, encoderOf, type EventMessage } from '../kafka/cloud-events';
import type { PendingRow } from './relay.sql';

/** A fault of one row that shows without Kafka. Another attempt fails in the same way. */
export class RowError extends Error {
  override readonly name = 'RowError';
}

/** Kafka refused what is in the batch. It names the batch, not the row. */
const REFUSED_CONTENT: ReadonlySet<unknown> = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_RECORD',
  'INVALID_TIMESTAMP',
  'INVALID_TOPIC_EXCEPTION',
  'POLICY_VIOLATION',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT',
]);

/**
 * Returns what a failed send is due to. `row`: Kafka refuses the content. `broker`: anything else, such as a broker
 * that is unreachable or throttles, too few replicas, a missing topic or a missing right. It counts against no row,
 * because the same rows pass once the cause is gone.
 */
export function publishErrorKind(error: unknown): 'broker' | 'row' {
  const root = rootCause(error);
  if (root instanceof RowError || root instanceof TypeError || root instanceof RangeError) return 'row';
  return REFUSED_CONTENT.has(typeOf(root)) ? 'row' : 'broker';
}

/** Returns the reason in one line, for the row and the log. */
export function publishErrorReason(error: unknown): string {
  const root = rootCause(error);
  const type = typeOf(root);
  const message = root instanceof Error ? root.message : String(root);
  return typeof type === 'string' ? `${type}: ${message}` : message;
}

function rootCause(error: unknown): unknown {
  let root = error;
  while (root instanceof Error && root.cause instanceof Error) root = root.cause;
  return root;
}

const typeOf = (error: unknown): unknown => (error instanceof Error && 'type' in error ? error.type : undefined);

/** The limits of one batch, in bytes. */
export interface BatchLimits {
  /** For all messages of a topic: kafkajs makes one record batch per partition, and splits none. */
  readonly maxTopicBytes: number;
  /** For one message. */
  readonly maxMessageBytes: number;
}

/** Kafka's default of `max.message.bytes`, which bounds a whole record batch. */
const MAX_MESSAGE_BYTES = 1_048_588;
/** Half of a record batch for a topic, and a whole one less its framing for a message. */
export const defaultLimits: BatchLimits = {
  maxTopicBytes: MAX_MESSAGE_BYTES / 2,
  maxMessageBytes: MAX_MESSAGE_BYTES - 1_024,
};

/** A row that Kafka cannot take, with the reason. */
export interface FailedRow {
  readonly row: PendingRow;
  readonly error: unknown;
}

/** The content of one `sendBatch`. */
export interface Batch {
  /** The rows in it. Rows that were left out stay pending. */
  readonly rows: readonly PendingRow[];
  readonly topics: readonly TopicMessages[];
  /** Rows that no attempt can send as they are. */
  readonly failed: readonly FailedRow[];
  /** Whether rows were left out for the sake of the limits. */
  readonly cut: boolean;
}

/**
 * Composes a batch of as many rows as fit, from the first on. A row that cannot be sent is left out with its reason,
 * and so are the later rows of its aggregate, which wait for it.
 */
export function composeBatch(
  rows: readonly PendingRow[],
  registry: EventRegistry,
  { mode = 'binary', limits = defaultLimits }: { mode?: CloudEventsMode; limits?: BatchLimits } = {},
): Batch {
  const encode = encoderOf(mode);
  const topics = new Map<string, { topic: string; messages: EventMessage[]; bytes: number }>();
  const taken: PendingRow[] = [];
  const failed: FailedRow[] = [];
  const blocked = new Set<string>();
  let cut = false;

  for (const row of rows) {
    if (blocked.has(row.aggregate_id)) continue;
    const message = encode(row, registry);
    const bytes = sizeOf(message);
    const topic = registry.find(row.type)?.topic;
    const fault = faultOf(row, topic, bytes, limits);
    if (topic === undefined || fault) {
      failed.push({ row, error: fault });
      blocked.add(row.aggregate_id);
      continue;
    }
    const there = topics.get(topic);
    if (!there) topics.set(topic, { topic, messages: [message], bytes });
    else if (there.bytes + bytes > limits.maxTopicBytes) {
      cut = true;
      break;
    } else {
      there.messages.push(message);
      there.bytes += bytes;
    }
    taken.push(row);
  }
  return { rows: taken, topics: [...topics.values()], failed, cut };
}

function faultOf(row: PendingRow, topic: string | undefined, bytes: number, limits: BatchLimits) {
  if (topic === undefined) return new RowError(`Event type ${row.type} is not in the registry, so it has no topic.`);
  if (bytes > limits.maxMessageBytes) {
    return new RowError(`The event takes ${bytes} bytes; Kafka takes at most ${limits.maxMessageBytes}.`);
  }
  return undefined;
}

const RECORD_OVERHEAD_BYTES = 32;
const HEADER_OVERHEAD_BYTES = 4;

/** Returns an upper bound: varint framing counts with its longest likely form. */
function sizeOf({ key, value, headers }: EventMessage): number {
  let bytes = RECORD_OVERHEAD_BYTES + Buffer.byteLength(key) + Buffer.byteLength(value);
  for (const name in headers) {
    bytes += HEADER_OVERHEAD_BYTES + name.length + Buffer.byteLength(headers[name] ?? '');
  }
  return bytes;
}
