import pino from 'pino';
import { ConfigError, loadConfig } from '../../../src/config';
import { connectKafka } from '../../../src/kafka/client';
import { createTopics } from '../../../src/kafka/topics';
import { publishErrorReason } from '../../../src/outbox/batch';
import { eventually } from '../../../testing/eventually';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { readTopic, topicSettings, uniqueName } from '../../support/kafka/kafka';
import { type SecureKafka, startSecureKafka, user } from '../../support/kafka/secure-kafka';
import { silentLogger } from '../../support/logger';
import { appendThing, thingRegistry } from '../../support/outbox/outbox';
import { startRelay } from '../../support/outbox/relay';

const within = { deadlineMs: 30_000 };

let db: TestDatabase;
let secure: SecureKafka;
beforeAll(async () => {
  [db, secure] = await Promise.all([createTestDatabase(), startSecureKafka()]);
}, 120_000);
afterEach(() => db.empty('outbox', 'event'));
afterAll(async () => {
  await secure?.stop();
  await db?.close();
});

/** As the processes read it. */
const kafkaConfig = (variables: Record<string, string>) =>
  loadConfig({
    DATABASE_URL: db.url,
    TEMPORAL_ADDRESS: 'localhost:7233',
    KAFKA_BROKERS: secure.saslBroker,
    KAFKA_SSL: '1',
    ...variables,
  }).kafka;

const byPassword = (variables: Record<string, string> = {}) => ({
  KAFKA_SSL_CA: secure.certificates.ca,
  KAFKA_SASL_MECHANISM: 'scram-sha-512',
  KAFKA_SASL_USERNAME: user.username,
  KAFKA_SASL_PASSWORD: user.password,
  ...variables,
});

const byCertificate = () => ({
  KAFKA_BROKERS: secure.certificateBroker,
  KAFKA_SSL_CA: secure.certificates.ca,
  KAFKA_SSL_CERT: secure.certificates.client.cert,
  KAFKA_SSL_KEY: secure.certificates.client.key,
});

test.each([
  ['a password by SCRAM-SHA-512', () => byPassword()],
  ['a password by PLAIN', () => byPassword({ KAFKA_SASL_MECHANISM: 'plain' })],
  ['a certificate', byCertificate],
])('relays an event to a broker that asks for TLS and %s, and reads it back', async (_credentials, variables) => {
  const kafka = connectKafka({ config: kafkaConfig(variables()), logger: silentLogger });
  const topic = uniqueName('secure');
  await createTopics({ kafka, topics: [topic], config: topicSettings });
  const eventId = await appendThing(db, { aggregateId: 'thing', version: 1 });
  const relay = startRelay({ database: db.database, kafka, registry: thingRegistry(topic) });
  const reader = await readTopic(kafka, topic);
  await eventually(() => expect(reader.messages.map(({ headers }) => headers.ce_id)).toEqual([eventId]), within);
  await reader.close();
  await relay.stop();
});

test.each([
  ['the wrong password', () => byPassword({ KAFKA_SASL_PASSWORD: 'wrong' }), /authentication failed/i],
  ['no password', () => ({ KAFKA_SSL_CA: secure.certificates.ca }), /.+/],
  [
    'an authority it does not know',
    () => byPassword({ KAFKA_SSL_CA: '' }),
    /unable to verify|self.signed certificate/i,
  ],
  ['no certificate of its own', () => ({ ...byCertificate(), KAFKA_SSL_CERT: '', KAFKA_SSL_KEY: '' }), /.+/],
])('a relay with %s says so, publishes nothing, and holds it against no row', async (_what, variables, reason) => {
  const reasons: string[] = [];
  const logger = pino({ level: 'warn' }, { write: (line: string) => void reasons.push(reasonOf(line)) });
  const kafka = connectKafka({ config: kafkaConfig(variables()), logger: silentLogger });
  await appendThing(db, { aggregateId: 'thing', version: 1 });
  const relay = startRelay({ database: db.database, kafka, registry: thingRegistry('nowhere'), logger });
  await eventually(() => expect(reasons).toContainEqual(expect.stringMatching(reason)), within);
  expect(await relay.stop()).toEqual({ published: 0, fencedOff: false });
  expect(await db.query('SELECT attempts FROM outbox')).toEqual([{ attempts: 0 }]);
});

test('the creation of topics reports a wrong password', async () => {
  const config = kafkaConfig(byPassword({ KAFKA_SASL_PASSWORD: 'wrong' }));
  const made = createTopics({
    kafka: connectKafka({ config, logger: silentLogger }),
    topics: ['never'],
    config: topicSettings,
  });
  const error: unknown = await made.catch((reason: unknown) => reason);
  expect(publishErrorReason(error)).toMatch(/authentication failed/i);
});

test('a missing file or one without a certificate is reported before any connection', () => {
  const problems = (): readonly string[] => {
    try {
      kafkaConfig({ KAFKA_SSL_CA: '/nowhere/ca.pem', KAFKA_SSL_CERT: __filename });
      return [];
    } catch (error) {
      return error instanceof ConfigError ? error.problems : [String(error)];
    }
  };
  expect(problems()).toEqual([
    'KAFKA_SSL_CA names /nowhere/ca.pem, which cannot be read (ENOENT)',
    `KAFKA_SSL_CERT names ${__filename}, which is no PEM file`,
  ]);
});

const reasonOf = (line: string): string => {
  const { msg, reason } = JSON.parse(line) as { msg: string; reason?: string };
  return msg === 'outbox.broker_unavailable' ? (reason ?? '') : '';
};
