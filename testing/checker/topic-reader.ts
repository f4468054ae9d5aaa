import { randomUUID } from 'node:crypto';
import { Kafka, logLevel, type Admin, type IHeaders } from 'kafkajs';
import { mendRequestQueues } from '../../src/kafka/socket';
import { eventually, must } from '../eventually';

/** A message of a topic, as another system reads it. */
export interface TopicMessage {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: string;
}

/** The offset after the last message, by `topic/partition`. */
export type TopicEnds = ReadonlyMap<string, number>;

/** Reads topics. */
export interface TopicReader {
  /** Returns the present ends of the topics. */
  ends(): Promise<TopicEnds>;
  /**
   * Returns all messages from `since` to the present ends, in offset order per partition. Defaults to the beginnings.
   */
  read(since?: TopicEnds): Promise<TopicMessage[]>;
  close(): Promise<void>;
}

const READ_DEADLINE_MS = 20_000;
const ENDS_DEADLINE_MS = 10_000;

/** Creates a reader of whole topics. Each read has a new consumer group. */
export async function createTopicReader(brokers: string, topics: readonly string[]): Promise<TopicReader> {
  mendRequestQueues();
  const kafka = new Kafka({
    brokers: brokers.split(','),
    clientId: 'paysaga-checker',
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 100, retries: 5 },
  });
  const admin = kafka.admin();
  await admin.connect();
  // A new partition may not have its leader yet.
  const ends = (): Promise<TopicEnds> => eventually(() => readEnds(admin, topics), { deadlineMs: ENDS_DEADLINE_MS });

  return {
    ends,
    async read(since = new Map()) {
      const until = await ends();
      const wanted = [...until].filter(([place, end]) => end > (since.get(place) ?? 0));
      const messages = new Map<string, TopicMessage>();
      if (wanted.length === 0) return [];

      const groupId = `paysaga-checker-${randomUUID()}`;
      // kafkajs would restart the consumer when its connection breaks after the end.
      const retry = { restartOnFailure: async () => false };
      const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 50, retry });
      try {
        await consumer.connect();
        await consumer.subscribe({ topics: [...topics], fromBeginning: true });
        await consumer.run({
          autoCommit: false,
          eachMessage: async ({ topic, partition, message: { offset, key, headers, value } }) => {
            const place = `${topic}/${partition}`;
            const at = Number(offset);
            if (at < (since.get(place) ?? 0)) return;
            messages.set(`${place}/${at}`, {
              topic,
              partition,
              offset: at,
              key: key?.toString() ?? '',
              headers: textOf(headers),
              value: value?.toString() ?? '',
            });
          },
        });
        const isRead = ([place, end]: readonly [string, number]): boolean => messages.has(`${place}/${end - 1}`);
        await eventually(() => must(wanted.every(isRead), 'Kafka did not hand out every message'), {
          deadlineMs: READ_DEADLINE_MS,
          everyMs: 10,
        });
      } finally {
        await consumer.disconnect();
      }
      await admin.deleteGroups([groupId]).catch(() => undefined);
      return [...messages.values()].sort((one, other) => one.offset - other.offset);
    },
    close: () => admin.disconnect(),
  };
}

async function readEnds(admin: Admin, topics: readonly string[]): Promise<TopicEnds> {
  const ends = await Promise.all(
    topics.map(async (topic) =>
      (await admin.fetchTopicOffsets(topic)).map(
        ({ partition, high }) => [`${topic}/${partition}`, Number(high)] as const,
      ),
    ),
  );
  return new Map(ends.flat());
}

function textOf(headers: IHeaders | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)]));
}
