import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { type Consumer, connectKafka, type Kafka } from '../../../src/kafka/client';
import { createTopics } from '../../../src/kafka/topics';
import { silentLogger } from '../logger';
import { createTcpProxy, type TcpProxy } from '../network/tcp-proxy';

/** A name that no other test has, in any run. */
export const uniqueName = (prefix: string): string => `${prefix}-${randomBytes(5).toString('hex')}`;

export const topicSettings = { partitions: 3, replication: 1, minInsyncReplicas: 1, retentionMs: 3_600_000 };

function brokers(): string[] {
  const list = process.env.KAFKA_BROKERS;
  if (!list) throw new Error('KAFKA_BROKERS is not set: run the tests with `npm test`.');
  return list.split(',');
}

const settings = () => ({ brokers: brokers(), clientId: 'paysaga-test', ssl: false });

/** Connects as the product does. Defaults to the broker of `npm test`. */
export const connectTestKafka = (config: Partial<ReturnType<typeof settings>> = {}): Kafka =>
  connectKafka({ config: { ...settings(), ...config }, logger: silentLogger });

/** Where the broker of `npm test` is, for a proxy before it. One broker. */
export function brokerAddress(): { host: string; port: number } {
  const [host = '', port = ''] = (brokers()[0] ?? '').split(':');
  return { host, port: Number(port) };
}

/** The same broker, with every connection to it by way of a port of 127.0.0.1, whatever address it gives. */
export function connectTestKafkaThrough(port: number): Kafka {
  const socketFactory = ({ onConnect }: { onConnect: () => void }) => connect(port, '127.0.0.1', onConnect);
  return connectKafka({ config: settings(), logger: silentLogger, socketFactory });
}

/** The same through a proxy, which a test can break. */
export async function connectTestKafkaByProxy(): Promise<{ kafka: Kafka; proxy: TcpProxy }> {
  const proxy = await createTcpProxy(brokerAddress());
  return { kafka: connectTestKafkaThrough(proxy.port), proxy };
}

/** A new, empty topic. */
export async function createTestTopic(kafka: Kafka, prefix: string): Promise<string> {
  const topic = uniqueName(prefix);
  await createTopics({ kafka, topics: [topic], config: topicSettings });
  return topic;
}

export interface TopicMessage {
  readonly key: string;
  readonly value: string;
  readonly headers: Record<string, string>;
}

export interface TopicReader {
  /** What the topic holds so far: in order within a key. */
  readonly messages: readonly TopicMessage[];
  close(): Promise<void>;
}

/** Reads a topic from its beginning on. */
export async function readTopic(kafka: Kafka, topic: string): Promise<TopicReader> {
  const messages: TopicMessage[] = [];
  const consumer: Consumer = kafka.createConsumer({ groupId: uniqueName('reader'), sessionTimeoutMs: 10_000 });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ message: { key, value, headers } }) => {
      const text = Object.entries(headers ?? {}).map(([name, content]) => [name, String(content)]);
      messages.push({ key: String(key), value: String(value), headers: Object.fromEntries(text) });
    },
  });
  return { messages, close: () => consumer.disconnect() };
}
