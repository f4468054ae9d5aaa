import { createHealthRoutes, type HealthCheck, type HealthChecks } from '../../../src/health';

const well: HealthCheck = { essential: false, ask: async () => undefined };
const away = async (): Promise<void> => {
  throw new Error('connection refused');
};

async function ready(checks: Partial<HealthChecks>, first?: () => void) {
  const routes = createHealthRoutes(
    {
      database: { ...well, essential: true },
      broker: well,
      temporal: well,
      outbox_lag: well,
      dead_letters: well,
      consumers: well,
      sagas: well,
      payment_provider: well,
      carrier: well,
      ...checks,
    },
    0,
  );
  if (first) {
    await routes.request('/health/ready');
    first();
  }
  const response = await routes.request('/health/ready');
  return {
    status: response.status,
    body: (await response.json()) as { status: string; checks: Record<string, unknown> },
  };
}

it('is healthy when all answer', async () => {
  expect(await ready({})).toMatchObject({ status: 200, body: { status: 'healthy' } });
});

it.each(['database', 'broker', 'temporal'] as const)(
  'is 503, and names it, while %s has never answered',
  async (name) => {
    const answer = await ready({ [name]: { essential: false, ask: away } });
    expect(answer.status).toBe(503);
    expect(answer.body.checks[name]).toEqual({ status: 'unhealthy', detail: `${name} does not answer` });
  },
);

it.each(['broker', 'temporal'] as const)(
  'is only degraded when %s went away later: orders are still taken',
  async (name) => {
    let gone = false;
    const answer = await ready({ [name]: { essential: false, ask: () => (gone ? away() : Promise.resolve()) } }, () => {
      gone = true;
    });
    expect(answer).toMatchObject({
      status: 200,
      body: { status: 'degraded', checks: { [name]: { status: 'degraded' } } },
    });
  },
);

it('is 503 when the database went away later', async () => {
  let gone = false;
  const database = { essential: true, ask: () => (gone ? away() : Promise.resolve()) };
  const answer = await ready({ database }, () => {
    gone = true;
  });
  expect(answer).toMatchObject({ status: 503, body: { status: 'unhealthy' } });
});

it('does not wait for a check that hangs', async () => {
  const answer = await ready({ broker: { essential: false, ask: () => new Promise<void>(() => undefined) } });
  expect(answer.body.checks['broker']).toEqual({ status: 'unhealthy', detail: 'broker does not answer in time' });
});

it('is alive whatever it stands on', async () => {
  const routes = createHealthRoutes({
    database: { essential: true, ask: away },
    broker: { essential: false, ask: away },
    temporal: { essential: false, ask: away },
    outbox_lag: { essential: false, ask: away },
    dead_letters: well,
    consumers: well,
    sagas: well,
    payment_provider: well,
    carrier: well,
  });
  expect((await routes.request('/health/live')).status).toBe(200);
});

it('is at worst degraded by what it asks about payment providers and the carrier', async () => {
  const advisory = { essential: false, advisory: true, ask: away };
  expect(await ready({ payment_provider: advisory, carrier: advisory })).toMatchObject({
    status: 200,
    body: { status: 'degraded', checks: { payment_provider: { status: 'degraded' }, carrier: { status: 'degraded' } } },
  });
});

it('asks once for all who ask while it looks, and once a second, on both paths', async () => {
  const database = { essential: true, ask: jest.fn(async () => undefined) };
  const routes = createHealthRoutes({
    database,
    broker: well,
    temporal: well,
    outbox_lag: well,
    dead_letters: well,
    consumers: well,
    sagas: well,
    payment_provider: well,
    carrier: well,
  });
  const paths = Array.from({ length: 100 }, (_, index) => (index % 2 ? '/health' : '/health/ready'));
  const answers = await Promise.all(paths.map(async (path) => routes.request(path)));
  answers.push(await routes.request('/health'));
  expect(answers.every(({ status }) => status === 200)).toBe(true);
  expect(database.ask).toHaveBeenCalledTimes(1);
});
