import { ConfigError, loadConfig } from '../../../src/config';

const needed = {
  DATABASE_URL: 'postgresql://localhost/paysaga',
  KAFKA_BROKERS: 'a:9092, b:9092',
  TEMPORAL_ADDRESS: 'localhost:7233',
};

function problemsOf(variables: Record<string, string>): readonly string[] {
  try {
    loadConfig(variables);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

it('needs three addresses, and has a default for the rest', () => {
  const config = loadConfig(needed);
  expect(config.kafka.brokers).toEqual(['a:9092', 'b:9092']);
  expect(config.outbox).toEqual({
    batchSize: 100,
    pollIntervalMs: 50,
    maxRetryCount: 3,
    retryBackoffMultiplier: 2,
    shardsPerRelay: 8,
  });
  expect(config.temporal.namespace).toBe('default');
});

it.each([
  ['30 days', 2_592_000_000],
  ['90s', 90_000],
  ['1500', 1_500],
])('reads ORDER_PAYMENT_TIMEOUT=%s as a duration, and keeps how it was said', (text, ms) => {
  expect(loadConfig({ ...needed, ORDER_PAYMENT_TIMEOUT: text }).unpaidOrders.timeout).toEqual({ text, ms });
});

it('says everything that is missing at once', () => {
  expect(problemsOf({})).toEqual([
    'DATABASE_URL is not set',
    'KAFKA_BROKERS is not set',
    'TEMPORAL_ADDRESS is not set',
  ]);
});

it.each([
  ['OUTBOX_BATCH_SIZE', '0'],
  ['OUTBOX_BATCH_SIZE', '1001'],
  ['OUTBOX_BATCH_SIZE', 'many'],
  ['OUTBOX_POLL_INTERVAL_MS', '4'],
  ['OUTBOX_MAX_RETRY_COUNT', '101'],
  ['OUTBOX_RETRY_BACKOFF_MULTIPLIER', '0.5'],
  ['OUTBOX_SHARDS_PER_RELAY', '3'],
  ['RETENTION_INTERVAL_MS', '59999'],
  ['RETENTION_INTERVAL_MS', '86400001'],
  ['ORDER_PAYMENT_TIMEOUT', 'soon'],
  ['ORDER_PAYMENT_TIMEOUT', '-3 days'],
  ['ORDER_PAYMENT_TIMEOUT', '999'],
  ['ORDER_PAYMENT_SWEEP_INTERVAL_MS', '999'],
  ['RECONCILIATION_INTERVAL_MS', '999'],
  ['RECONCILIATION_WINDOW', '1 minute'],
  ['RECONCILIATION_GRACE', '2 days'],
  ['OUTBOX_ENABLE_METRICS', 'maybe'],
  ['OUTBOX_LAG_DEGRADED_SECONDS', '0'],
  ['OUTBOX_LAG_UNHEALTHY_SECONDS', '59'],
  ['METRICS_PORT', '70000'],
  ['KAFKA_COMPRESSION', 'lz4'],
  ['KAFKA_CLOUDEVENTS_MODE', 'batched'],
  ['KAFKA_MIN_INSYNC_REPLICAS', '4'],
  ['KAFKA_SASL_MECHANISM', 'plain'],
  ['KAFKA_BROKERS', 'nowhere'],
  ['PAYMENT_WEBHOOK_SECRET', 'secret'],
  ['PAYMENT_WEBHOOK_SECRET', 'whsec_c2hvcnQ='],
  ['DATABASE_URL', 'mysql://localhost/x'],
  ['PAYMENT_PROVIDERS', 'http://localhost:4000'],
  ['PAYMENT_PROVIDERS', 'test=localhost:4000'],
  ['PAYMENT_PROVIDERS', 'a=http://x, a=http://y'],
  ['PAYMENT_PROVIDERS', 'stripe=http://x'],
  ['STRIPE_API_URL', 'http://localhost:12111'],
  ['STRIPE_API_KEY', 'pk_test_public'],
  ['STRIPE_WEBHOOK_SECRET', 'secret'],
  ['PAYMENT_WEBHOOK_SECRET', 'c2VjcmV0'],
  ['PAYMENT_WEBHOOK_SECRET', 'whsec_short'],
  ['CARRIER_URL', 'localhost'],
  ['PROVIDER_TIMEOUT_MS', '99'],
  ['PROVIDER_TIMEOUT_MS', '4501'],
])('refuses %s=%s by its name', (name, value) => {
  expect(problemsOf({ ...needed, [name]: value })).toEqual([expect.stringContaining(name)]);
});

it('refuses fault injection in production', () => {
  expect(problemsOf({ ...needed, FAULT_INJECTION: '1' })).toEqual([expect.stringContaining('FAULT_INJECTION')]);
  expect(problemsOf({ ...needed, FAULT_INJECTION: '1', NODE_ENV: 'development' })).toEqual([]);
});

it('boots without payment provider, carrier or webhook secrets', () => {
  const { payments, carrier, webhooks, providerTimeoutMs } = loadConfig(needed);
  expect({ payments, carrier, webhooks }).toEqual({ payments: { providers: [] }, carrier: {}, webhooks: {} });
  expect(providerTimeoutMs).toBe(3_000);
});

it('reads payment providers in their order, Stripe, the carrier and the secrets of the webhooks', () => {
  const secret = `whsec_${Buffer.alloc(24).toString('base64')}`;
  const { payments, carrier, webhooks } = loadConfig({
    ...needed,
    PAYMENT_PROVIDERS: 'main=https://pay.example/eu/, standby=http://localhost:4000',
    STRIPE_API_KEY: 'sk_test_123',
    STRIPE_API_URL: 'http://localhost:12111',
    STRIPE_WEBHOOK_SECRET: 'whsec_stripe',
    PAYMENT_WEBHOOK_SECRET: secret,
    CARRIER_URL: 'https://carry.example/',
  });
  expect(payments).toEqual({
    providers: [
      { name: 'main', url: 'https://pay.example/eu' },
      { name: 'standby', url: 'http://localhost:4000' },
    ],
    stripe: { apiKey: 'sk_test_123', apiUrl: 'http://localhost:12111' },
  });
  expect(carrier).toEqual({ url: 'https://carry.example' });
  expect(webhooks).toEqual({ paymentSecret: secret, stripeSecret: 'whsec_stripe' });
});

describe('DATABASE_URL', () => {
  const problems = (parameters: string) =>
    problemsOf({ ...needed, DATABASE_URL: `postgresql://localhost/paysaga?${parameters}` });

  it.each(['schema=shop_2', 'sslmode=verify-full&sslrootcert=/ca.pem', 'options=-c%20geqo%3Doff'])(
    'may say %s',
    (parameters) => expect(problems(parameters)).toEqual([]),
  );

  it.each([
    [
      'connection_limit=5',
      'has the parameter connection_limit, which nothing reads: remove it (the size of the pool is DATABASE_POOL_SIZE)',
    ],
    [
      'application_name=x',
      'has the parameter application_name, which nothing reads: remove it (each process sets its own name)',
    ],
    ['statement_timeout=0', 'has the parameter statement_timeout, which nothing reads: remove it'],
    ['schema=', 'has schema=, which must match [a-z_][a-z0-9_]*, 63 characters at most'],
    ['schema=a%22b', 'has schema=a"b, which must match [a-z_][a-z0-9_]*, 63 characters at most'],
    [
      'pgbouncer=true',
      'has the parameter pgbouncer, which nothing reads: remove it (a pooler in transaction mode is DATABASE_POOLER=transaction)',
    ],
  ])('is refused with %s, which would be ignored', (parameters, message) =>
    expect(problems(parameters)).toEqual([`DATABASE_URL ${message}`]),
  );
});

describe('DATABASE_POOLER', () => {
  const direct = 'postgresql://db/paysaga';
  const pooled = { ...needed, DATABASE_POOLER: 'transaction', DATABASE_DIRECT_URL: direct };

  it('transaction turns prepared statements off, unless they are wanted', () => {
    expect(loadConfig(needed).database).toMatchObject({
      url: needed.DATABASE_URL,
      directUrl: needed.DATABASE_URL,
      pooled: false,
      preparedStatements: true,
    });
    expect(loadConfig(pooled).database).toMatchObject({ directUrl: direct, pooled: true, preparedStatements: false });
    const prepared = { ...pooled, DATABASE_PREPARED_STATEMENTS: '1' };
    expect(loadConfig(prepared).database).toMatchObject({ pooled: true, preparedStatements: true });
    const unprepared = { ...needed, DATABASE_PREPARED_STATEMENTS: '0' };
    expect(loadConfig(unprepared).database).toMatchObject({ pooled: false, preparedStatements: false });
  });

  it.each([
    [
      { ...pooled, DATABASE_DIRECT_URL: '' },
      'DATABASE_POOLER needs DATABASE_DIRECT_URL: LISTEN and migrations need a session, past the pooler',
    ],
    [
      { ...pooled, DATABASE_POOLER: 'none' },
      'DATABASE_DIRECT_URL is for DATABASE_POOLER=transaction: without a pooler every connection is direct',
    ],
    [
      { ...pooled, DATABASE_URL: 'postgresql://pooler/paysaga?options=-c%20geqo%3Doff' },
      'DATABASE_URL has options, which a pooler does not pass on: set them for the user, by ALTER ROLE',
    ],
    [{ ...pooled, DATABASE_DIRECT_URL: 'mysql://db' }, 'DATABASE_DIRECT_URL must be a postgresql:// URL'],
  ])('is refused in %j', (variables, message) => expect(problemsOf(variables)).toEqual([message]));
});
