import { z } from 'zod';
import { flag, integer, list, pemFile } from '../platform/config-values';

/** The variables of Kafka. */
export const kafkaVariables = {
  KAFKA_BROKERS: list
    .pipe(z.array(z.string().regex(/^[^:\s]+:\d+$/, 'must be host:port')).min(1))
    .describe('Brokers as `host:port`, separated by commas.'),
  KAFKA_CLIENT_ID: z
    .string()
    .min(1)
    .default('paysaga')
    .describe('The name of this client in the broker’s logs and quotas.'),
  KAFKA_SSL: flag.default(false).describe('Whether the connection uses TLS.'),
  KAFKA_SSL_CA: pemFile.optional().describe('The path of the authority’s certificate, as PEM.'),
  KAFKA_SSL_CERT: pemFile.optional().describe('The path of the client’s certificate, as PEM.'),
  KAFKA_SSL_KEY: pemFile.optional().describe('The path of the client’s key, as PEM.'),
  KAFKA_SASL_MECHANISM: z
    .enum(['plain', 'scram-sha-256', 'scram-sha-512'])
    .optional()
    .describe('Authenticates by SASL.'),
  KAFKA_SASL_USERNAME: z.string().optional().describe('The user of SASL.'),
  KAFKA_SASL_PASSWORD: z.string().optional().describe('The password of SASL.'),
  KAFKA_COMPRESSION: z
    .enum(['none', 'gzip', 'snappy'])
    .default('none')
    .describe('The compression of published batches.'),
  KAFKA_CLOUDEVENTS_MODE: z
    .enum(['binary', 'structured'])
    .default('binary')
    .describe('The content mode of published CloudEvents.'),
  KAFKA_PARTITIONS: integer(1, 1000)
    .default(12)
    .describe('Partitions of a topic that `paysaga setup topics` makes. They never change in place.'),
  KAFKA_REPLICATION: integer(1, 10).default(3).describe('Replicas of a topic that `paysaga setup topics` makes.'),
  KAFKA_MIN_INSYNC_REPLICAS: integer(1, 10)
    .optional()
    .describe('In-sync replicas that a write needs. Defaults to one less than `KAFKA_REPLICATION`, at least 1.'),
  KAFKA_RETENTION_MS: integer(-1, Number.MAX_SAFE_INTEGER)
    .default(7 * 24 * 3_600_000)
    .describe('How long a topic keeps messages. `-1` keeps all.'),
};

type Variables = z.infer<z.ZodObject<typeof kafkaVariables>>;

/** Reports variables that contradict each other. */
export function checkKafka(env: Variables, complain: (name: string, message: string) => void): void {
  if (env.KAFKA_SASL_MECHANISM && !(env.KAFKA_SASL_USERNAME && env.KAFKA_SASL_PASSWORD)) {
    complain('KAFKA_SASL_MECHANISM', 'needs KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD');
  }
  if (!env.KAFKA_SSL && (env.KAFKA_SSL_CA ?? env.KAFKA_SSL_CERT ?? env.KAFKA_SSL_KEY) !== undefined) {
    complain('KAFKA_SSL', 'must be 1 where a KAFKA_SSL_ file is given');
  }
  if ((env.KAFKA_SSL_CERT === undefined) !== (env.KAFKA_SSL_KEY === undefined)) {
    complain('KAFKA_SSL_CERT', 'and KAFKA_SSL_KEY go together');
  }
  if ((env.KAFKA_MIN_INSYNC_REPLICAS ?? 1) > env.KAFKA_REPLICATION) {
    complain('KAFKA_MIN_INSYNC_REPLICAS', 'is more than KAFKA_REPLICATION: nothing could be written');
  }
}

/** Returns the part of the configuration for Kafka. */
export const kafkaConfig = (env: Variables) => ({
  brokers: env.KAFKA_BROKERS,
  clientId: env.KAFKA_CLIENT_ID,
  ssl: env.KAFKA_SSL && {
    ...(env.KAFKA_SSL_CA !== undefined && { ca: env.KAFKA_SSL_CA }),
    ...(env.KAFKA_SSL_CERT !== undefined && { cert: env.KAFKA_SSL_CERT }),
    ...(env.KAFKA_SSL_KEY !== undefined && { key: env.KAFKA_SSL_KEY }),
  },
  compression: env.KAFKA_COMPRESSION,
  cloudEventsMode: env.KAFKA_CLOUDEVENTS_MODE,
  ...(env.KAFKA_SASL_MECHANISM && {
    sasl: {
      mechanism: env.KAFKA_SASL_MECHANISM,
      username: env.KAFKA_SASL_USERNAME ?? '',
      password: env.KAFKA_SASL_PASSWORD ?? '',
    },
  }),
  topics: {
    partitions: env.KAFKA_PARTITIONS,
    replication: env.KAFKA_REPLICATION,
    minInsyncReplicas: env.KAFKA_MIN_INSYNC_REPLICAS ?? Math.max(1, env.KAFKA_REPLICATION - 1),
    retentionMs: env.KAFKA_RETENTION_MS,
  },
});

/** The configuration of Kafka. */
export type KafkaConfig = ReturnType<typeof kafkaConfig>;
