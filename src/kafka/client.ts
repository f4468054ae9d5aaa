import {
  type Admin,
  ConfigResourceTypes,
  type Consumer,
  type ISocketFactory,
  Kafka as KafkaJS,
  type KafkaConfig as KafkaJSConfig,
  logLevel,
} from 'kafkajs';
import { type Logger, silentLogger } from '../platform/logger';
import { within } from '../platform/timing';
import type { EventMessage } from './cloud-events';
import { compressionOf } from './compression';
import type { KafkaConfig } from './kafka-config';
import { breakWhenSilent, mendRequestQueues, plainSocketFactory } from './socket';

/** The types of kafkajs that other files need. */
export type { Admin, Consumer, EachBatchPayload, KafkaMessage } from 'kafkajs';

/** Kafka's number for a topic among the resources that have settings. */
export const TOPIC_RESOURCE = ConfigResourceTypes.TOPIC;

/** Messages for one topic. */
export interface TopicMessages {
  readonly topic: string;
  readonly messages: readonly EventMessage[];
}

/**
 * An idempotent producer whose sends all in-sync replicas acknowledge.
 *
 * After a failed `sendBatch` it must be discarded: kafkajs rolls its sequence numbers back. The broker then takes
 * another batch for the one that it has already, acknowledges it and drops it.
 */
export interface Producer {
  connect(): Promise<void>;
  /** Sends one batch at a time. Resolves when every message is stored. @throws when a message may not be stored */
  sendBatch(batch: readonly TopicMessages[]): Promise<void>;
  disconnect(): Promise<void>;
}

/** How a consumer joins its group. */
export interface ConsumerOptions {
  readonly groupId: string;
  /** How long a killed consumer keeps its partitions. */
  readonly sessionTimeoutMs: number;
}

/** What paysaga needs of Kafka. A client connects at its first use. */
export interface Kafka {
  createProducer(): Producer;
  createConsumer(options: ConsumerOptions): Consumer;
  createAdmin(): Admin;
}

/** How to connect: TLS with certificates in PEM, or with the system's for `true`; SASL if the broker requires it. */
export type KafkaConnection = Pick<KafkaConfig, 'brokers' | 'clientId' | 'sasl'> & {
  readonly ssl: boolean | Exclude<KafkaConfig['ssl'], boolean>;
  /** Compression of the producer's batches; consumers read every codec. Defaults to `none`. */
  readonly compression?: KafkaConfig['compression'];
};

/** How to create the clients. */
export interface KafkaOptions {
  readonly config: KafkaConnection;
  /** Defaults to no log. */
  readonly logger?: Logger;
  /** For a broker behind another address than it advertises, such as a tunnel. */
  readonly socketFactory?: ISocketFactory;
}

/** Within one `sendBatch` kafkajs sends the same batch again. The broker recognises it, so there are no duplicates. */
const SEND_RETRY = { initialRetryTime: 100, multiplier: 2, maxRetryTime: 1_000, retries: 3 };
/** For the rest: short, because callers wait with their own backoff and log it. */
const RETRY = { initialRetryTime: 200, maxRetryTime: 2_000, retries: 3 };
/** A connection that has not begun an answer for this long is broken. */
const SILENT_AFTER_MS = 8_000;
/** The time of an answer beside the time that the broker gives a group to join, as in kafkajs. */
const JOIN_EXTRA_MS = 5_000;
const REQUEST_TIMEOUT_MS = 15_000;
/** How long the broker waits for its replicas before it answers. Less than the time-out of a request. */
const ACKS_TIMEOUT_MS = 6_000;
const ALL_REPLICAS = -1;

/** Whether no broker could be reached. */
export const isKafkaOutage = (error: unknown): boolean =>
  error instanceof Error &&
  /^KafkaJS(Connection|BrokerNotFound|RequestTimeout|NumberOfRetries)/.test(rootOf(error).name);

const rootOf = (error: Error): Error => (error.cause instanceof Error ? rootOf(error.cause) : error);

/** Creates the clients of Kafka. */
export function connectKafka({
  config,
  logger = silentLogger,
  socketFactory = plainSocketFactory,
}: KafkaOptions): Kafka {
  mendRequestQueues();
  const settings: KafkaJSConfig = {
    brokers: [...config.brokers],
    clientId: config.clientId,
    ssl: config.ssl,
    ...(config.sasl && { sasl: config.sasl as NonNullable<KafkaJSConfig['sasl']> }),
    socketFactory: breakWhenSilent(socketFactory, { silentAfterMs: SILENT_AFTER_MS }),
    retry: RETRY,
    connectionTimeout: 3_000,
    requestTimeout: REQUEST_TIMEOUT_MS,
    logLevel: logLevel.INFO,
    logCreator: () => forwardLog(logger),
  };
  const kafka = new KafkaJS(settings);
  const compression = compressionOf(config.compression ?? 'none');

  return {
    createProducer() {
      const producer = kafka.producer({
        idempotent: true,
        maxInFlightRequests: 1,
        retry: SEND_RETRY,
        allowAutoTopicCreation: false,
      });
      return {
        connect: () => producer.connect(),
        disconnect: () => producer.disconnect(),
        async sendBatch(batch) {
          const topicMessages = batch.map(({ topic, messages }) => ({ topic, messages: [...messages] }));
          await producer.sendBatch({ topicMessages, acks: ALL_REPLICAS, timeout: ACKS_TIMEOUT_MS, compression });
        },
      };
    },

    createConsumer({ groupId, sessionTimeoutMs }) {
      const rebalanceTimeout = Math.max(sessionTimeoutMs, 10_000);
      const patience = { silentAfterMs: SILENT_AFTER_MS, joinAfterMs: rebalanceTimeout + JOIN_EXTRA_MS };
      return new KafkaJS({ ...settings, socketFactory: breakWhenSilent(socketFactory, patience) }).consumer({
        groupId,
        sessionTimeout: sessionTimeoutMs,
        heartbeatInterval: Math.floor(sessionTimeoutMs / 6),
        rebalanceTimeout,
        allowAutoTopicCreation: false,
        maxWaitTimeInMs: 250,
        // A partition that had no leader when it was looked up is looked up again this soon.
        metadataMaxAge: 10_000,
        retry: RETRY,
      });
    },

    createAdmin: () => kafka.admin({ retry: RETRY }),
  };
}

/**
 * Forwards the lines of kafkajs at `debug`. It logs many failed attempts a second as errors during an outage, and the
 * callers log what matters of it.
 */
function forwardLog(logger: Logger) {
  return ({ level, namespace, log }: { level: logLevel; namespace: string; log: { message: string } }): void => {
    const { message, ...fields } = log;
    const line = { component: `kafkajs/${namespace}`, detail: message, ...pick(fields) };
    if (level === logLevel.ERROR) logger.debug(line, 'kafka.client_reported');
    else logger.trace(line, 'kafka.client_reported');
  };
}

/** Leaves out the stacks and time stamps that kafkajs adds. */
function pick(fields: Record<string, unknown>): Record<string, unknown> {
  const { groupId, topic, partition, broker, error, retryCount } = fields;
  return { groupId, topic, partition, broker, error, retryCount };
}

/** Queries the cluster for health checks. */
export interface KafkaHealth {
  /** Returns the number of brokers. @throws Error without an answer within the deadline */
  describe(deadlineMs: number): Promise<{ readonly brokers: number }>;
  /** Returns the names of all topics. @throws Error without an answer within the deadline */
  topics(deadlineMs: number): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** Creates the queries, over one connection that is replaced after a failure. */
export function createKafkaHealth(kafka: Kafka): KafkaHealth {
  let connecting: Promise<Admin> | undefined;

  const connect = async (): Promise<Admin> => {
    const admin = kafka.createAdmin();
    await admin.connect();
    return admin;
  };

  const forget = (mine: Promise<Admin>): void => {
    if (connecting === mine) connecting = undefined;
    void mine.then((admin) => admin.disconnect()).catch(() => undefined);
  };

  async function ask<T>(deadlineMs: number, question: (admin: Admin) => Promise<T>): Promise<T> {
    const mine = (connecting ??= connect());
    const late = (): Error => new Error(`Kafka did not answer within ${deadlineMs} ms.`);
    try {
      return await within(deadlineMs, mine.then(question), late);
    } catch (error) {
      // Also after a late answer: a connection whose other end is gone would stay silent for a minute.
      forget(mine);
      throw error;
    }
  }

  return {
    describe: (deadlineMs) =>
      ask(deadlineMs, async (admin) => ({ brokers: (await admin.describeCluster()).brokers.length })),
    // All topics: a query for a missing one would create it on a broker that creates topics by itself.
    topics: (deadlineMs) => ask(deadlineMs, (admin) => admin.listTopics()),
    async close() {
      const mine = connecting;
      connecting = undefined;
      await mine?.then((admin) => admin.disconnect()).catch(() => undefined);
    },
  };
}
