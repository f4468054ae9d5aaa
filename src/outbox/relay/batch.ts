import type { EventMessage } from '../../messaging/cloud-event';
import type { TopicMessages } from '../../messaging/kafka';
import { type CloudEventsMode, encoderOf } from '../../messaging/structured-event';
import type { EventRegistry } from '../event-registry';
import { RowError } from './publish-error';
import type { PendingRow } from './relay.sql';

export interface BatchLimits {
  /** Of one topic's messages: kafkajs makes one record batch of each partition's, and splits none. */
  readonly maxTopicBytes: number;
  /** Of a message that travels alone. */
  readonly maxMessageBytes: number;
}

/** Kafka's default `max.message.bytes` (of a whole record batch), half of it, and it less the framing. */
const MAX_MESSAGE_BYTES = 1_048_588;
export const defaultLimits: BatchLimits = {
  maxTopicBytes: MAX_MESSAGE_BYTES / 2,
  maxMessageBytes: MAX_MESSAGE_BYTES - 1_024,
};

export interface FailedRow {
  readonly row: PendingRow;
  readonly error: unknown;
}

/** What one `sendBatch` carries. */
export interface Batch {
  /** The rows in it; those that were left out stay pending. */
  readonly rows: readonly PendingRow[];
  readonly topics: readonly TopicMessages[];
  /** Rows that can never be sent as they are. */
  readonly failed: readonly FailedRow[];
  /** More rows than one send may carry. */
  readonly cut: boolean;
}

/**
 * As many of the rows as fit, from the first on. A row that cannot be sent is left out with its reason,
 * and with it the later rows of its aggregate, which wait for it.
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
  const held = new Set<string>();
  let cut = false;

  for (const row of rows) {
    if (held.has(row.aggregate_id)) continue;
    const message = encode(row, registry);
    const bytes = sizeOf(message);
    const topic = registry.find(row.type)?.topic;
    const fault = faultOf(row, topic, bytes, limits);
    if (topic === undefined || fault) {
      failed.push({ row, error: fault });
      held.add(row.aggregate_id);
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

/** An upper bound: varint framing is counted as its longest likely form. */
function sizeOf({ key, value, headers }: EventMessage): number {
  let bytes = RECORD_OVERHEAD_BYTES + Buffer.byteLength(key) + Buffer.byteLength(value);
  for (const name in headers) {
    bytes += HEADER_OVERHEAD_BYTES + name.length + Buffer.byteLength(headers[name] ?? '');
  }
  return bytes;
}
