import {
  type Admin,
  type Consumer,
  ConfigResourceTypes,
  type ISocketFactory,
  Kafka as KafkaJS,
  type KafkaConfig as KafkaJSConfig,
  logLevel,
} from 'kafkajs';
import type { KafkaConfig } from '../kafka-config';
import type { Logger } from '../platform/telemetry/logger';
import { silentLogger } from '../platform/telemetry/silent-logger';
import type { EventMessage } from './cloud-event';
import { compressionOf } from './compression';
import { mendRequestQueues } from './request-queue';
import { breakWhenSilent, plainSocketFactory } from './socket';

export type { Admin, Consumer, EachBatchPayload, KafkaMessage } from 'kafkajs';

/** A topic, among what has settings. */
export const TOPIC_RESOURCE = ConfigResourceTypes.TOPIC;

export interface TopicMessages {
  readonly topic: string;
  readonly messages: readonly EventMessage[];
}

/**
 * An idempotent producer, acknowledged by all in-sync replicas.
 *
 * After a failed `sendBatch` it must be discarded: kafkajs rolls its sequence numbers back, and the
 * broker then takes another batch for the one it has already, acknowledges it, and drops it.
 */
export interface Producer {
  connect(): Promise<void>;
  /** One in flight at a time. Resolves when every message is stored. @throws when any may not be */
  sendBatch(batch: readonly TopicMessages[]): Promise<void>;
  disconnect(): Promise<void>;
}

export interface ConsumerOptions {
  readonly groupId: string;
  /** How long a killed consumer keeps its partitions. */
  readonly sessionTimeoutMs: number;
}

/** The seam to the broker: what paysaga needs of Kafka. Nothing is connected before it is used. */
export interface Kafka {
  createProducer(): Producer;
  createConsumer(options: ConsumerOptions): Consumer;
  createAdmin(): Admin;
}

/** TLS by certificates in PEM, by the system's own for `true`; SASL where the broker asks for it. */
export type KafkaConnection = Pick<KafkaConfig, 'brokers' | 'clientId' | 'sasl'> & {
  readonly ssl: boolean | Exclude<KafkaConfig['ssl'], boolean>;
  /** Of whole batches, by the producer; consumers read all three. None unless told. */
  readonly compression?: KafkaConfig['compression'];
};

export interface KafkaOptions {
  readonly config: KafkaConnection;
  /** Silent unless told. */
  readonly logger?: Logger;
  /** For a broker that is reached another way than by the address it gives, e.g. through a tunnel. */
  readonly socketFactory?: ISocketFactory;
}

/** Within one `sendBatch` kafkajs sends the same batch again, which the broker recognises: no duplicates. */
const SEND_RETRY = { initialRetryTime: 100, multiplier: 2, maxRetryTime: 1_000, retries: 3 };
/** For the rest: short, because whoever calls waits with its own backoff, and says so in its log. */
const RETRY = { initialRetryTime: 200, maxRetryTime: 2_000, retries: 3 };
/** A connection that owes an answer for so long without a byte of it is broken. */
const SILENT_AFTER_MS = 8_000;
/** As kafkajs: what the answer of a broker takes, beside the time that it gives a group to join. */
const JOIN_EXTRA_MS = 5_000;
const REQUEST_TIMEOUT_MS = 15_000;
/** Less than that: how long the broker waits for its replicas before it answers. */
const ACKS_TIMEOUT_MS = 6_000;
const ALL_REPLICAS = -1;

/** Whether no broker could be reached. */
export const isKafkaOutage = (error: unknown): boolean =>
  error instanceof Error &&
  /^KafkaJS(Connection|BrokerNotFound|RequestTimeout|NumberOfRetries)/.test(rootOf(error).name);

const rootOf = (error: Error): Error => (error.cause instanceof Error ? rootOf(error.cause) : error);

/** The one place that knows kafkajs. TLS and SASL as configured. */
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
 * kafkajs logs each failed attempt as an error, many a second during an outage. Whoever called logs what
 * matters of it, so its own lines are for `debug`.
 */
function forwardLog(logger: Logger) {
  return ({ level, namespace, log }: { level: logLevel; namespace: string; log: { message: string } }): void => {
    const { message, ...fields } = log;
    const line = { component: `kafkajs/${namespace}`, detail: message, ...pick(fields) };
    if (level === logLevel.ERROR) logger.debug(line, 'kafka.client_reported');
    else logger.trace(line, 'kafka.client_reported');
  };
}

/** Not the stacks and time stamps that kafkajs adds. */
function pick(fields: Record<string, unknown>): Record<string, unknown> {
  const { groupId, topic, partition, broker, error, retryCount } = fields;
  return { groupId, topic, partition, broker, error, retryCount };
}
