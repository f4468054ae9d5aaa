import { Connection } from '@temporalio/client';
import { connectKafka } from '../../../src/kafka/client';
import type { ApiClient } from '../../../testing/api-client';
import { query } from '../../../testing/checker/snapshot.sql';
import { eventually } from '../../../testing/eventually';
import {
  type HealthView,
  newClientId,
  pay,
  placeOrder,
  readSaga,
  type SagaResponse,
  untilStatus,
} from '../../../testing/shop';
import { type BareDeployment, type ProcessName, startBareDeployment } from '../../support/bare-deployment';
import { parseExposition } from '../../support/prometheus';

const within = { deadlineMs: 30_000, everyMs: 200 };
const ALL = ['api', 'worker', 'consumer'] as const satisfies readonly ProcessName[];

let bare: BareDeployment;
let api: ApiClient;
beforeAll(async () => (bare = await startBareDeployment()), 120_000);
afterAll(() => bare?.stop(), 60_000);

const health = async () => (await bare.api().call<HealthView>('GET', '/health')).body;
const noNamespace = () => `Temporal has no namespace ${bare.namespace}: run \`paysaga setup temporal\``;

/** Waits until each of these processes has logged, after these many lines, that something is missing. */
const untilLogged = (processes: readonly ProcessName[], missing: unknown, command: string, behind = 0) =>
  eventually(() => {
    for (const name of processes) {
      const line = expect.objectContaining({ name, msg: 'setup.missing', level: 'error', missing, command }) as unknown;
      expect(bare.log.slice(behind)).toContainEqual(line);
    }
  }, within);

const untilHealthy = () => eventually(async () => expect((await health()).status).toBe('healthy'), within);

/** A payment whose saga cannot start. */
async function payInVain(): Promise<string> {
  const order = await placeOrder(api);
  const answer = await pay(api, order, { payment_id: newClientId('pay'), wait: 1 });
  expect(answer).toMatchObject({ status: 202, body: { status: 'pending' } });
  return answer.body.saga_id;
}

/** Log, HTTP, command, health and metrics say of a saga that it has not begun, and why. */
async function expectUnstarted(sagaId: string, reason: string): Promise<void> {
  expect(bare.log).toContainEqual(
    expect.objectContaining({
      name: 'api',
      msg: 'saga.start_refused',
      level: 'error',
      saga_id: sagaId,
      reason,
      command: 'paysaga setup temporal',
    }),
  );
  await eventually(async () => {
    expect(bare.log).toContainEqual(
      expect.objectContaining({ name: 'worker', msg: 'saga.starts_refused', level: 'error', reason }),
    );
    expect(await readSaga(api, sagaId)).toMatchObject({ state: 'pending', reason });
  }, within);
  const { body } = await api.call<{ data: SagaResponse[] }>('GET', '/sagas?state=pending');
  expect(body.data).toEqual([expect.objectContaining({ saga_id: sagaId, state: 'pending', reason })]);
  for (const command of [`sagas show ${sagaId}`, 'sagas ls --state pending']) {
    const { output } = await bare.paysaga(command);
    expect(output).toContain('pending');
    expect(output).toContain(reason);
  }
  await eventually(async () => {
    const { sagas } = (await health()).checks;
    const detail = `1 not started (\`paysaga sagas ls --state pending\`): ${reason}`;
    expect(sagas).toMatchObject({ status: 'degraded', detail });
    const metrics = parseExposition((await bare.api().call('GET', '/metrics')).text);
    expect(metrics.sum('paysaga_sagas_unstarted', { saga_type: 'payment' })).toBe(1);
    expect(metrics.sum('paysaga_sagas_unstarted_oldest_age_seconds')).toBeGreaterThan(2);
  }, within);
}

describe('on a bare database, broker and namespace', () => {
  it('the three processes say what is missing, with the command that makes it, and wait for it', async () => {
    await bare.serve();
    const database = 'the database is not migrated: run `paysaga setup database`';
    const topics = expect.stringMatching(/^Kafka lacks the topics paysaga\..*: run `paysaga setup topics`$/) as string;
    await untilLogged(ALL, database, 'paysaga setup database');
    await untilLogged(ALL, topics, 'paysaga setup topics');
    await untilLogged(['api', 'worker'], noNamespace(), 'paysaga setup temporal');
    expect(await health()).toMatchObject({
      status: 'unhealthy',
      checks: {
        database: { status: 'unhealthy', detail: database },
        broker: { status: 'unhealthy', detail: topics },
        temporal: { status: 'unhealthy', detail: noNamespace() },
      },
    });
    for (const url of [bare.urls.worker, bare.urls.consumer]) {
      const answer = await fetch(`${url}/health/ready`);
      expect([answer.status, await answer.text()]).toEqual([503, expect.stringContaining(database)]);
    }
    expect(await bare.paysaga('keys create --role service')).toEqual({ code: 1, output: `${database}\n` });
  }, 60_000);

  it('`paysaga setup database` and `topics` need no settings but their own', async () => {
    const { DATABASE_URL = '', KAFKA_BROKERS = '', KAFKA_REPLICATION = '' } = bare.settings;
    const database = await bare.paysaga('setup database', { DATABASE_URL });
    expect(database).toMatchObject({ code: 0, output: expect.stringMatching(/^Applied \d+_initial, /) });
    const topics = await bare.paysaga('setup topics', { KAFKA_BROKERS, KAFKA_REPLICATION });
    expect(topics).toMatchObject({ code: 0, output: expect.stringMatching(/^Made paysaga.order, /) });
    expect(await bare.paysaga('setup temporal', { DATABASE_URL })).toEqual({
      code: 2,
      output: 'The configuration is wrong:\n  - TEMPORAL_ADDRESS is not set\n',
    });
  }, 60_000);

  it('without a namespace, a payment is accepted, and all says why its saga does not begin', async () => {
    const made = await bare.paysaga('products set vps.s --name VPS --kind service --price 9900');
    expect(made).toEqual({ code: 0, output: 'Created vps.s: service, 9900 EUR, without limit.\n' });
    api = bare.api((await bare.paysaga('keys create --role service')).output.trim());
    await eventually(async () => expect((await health()).checks.database.status).toBe('healthy'), within);
    await expectUnstarted(await payInVain(), noNamespace());
  }, 90_000);

  it('`paysaga setup` makes what is missing, and nothing the second time', async () => {
    const first = await bare.paysaga('setup');
    expect(first.output).toContain(`Made the namespace ${bare.namespace}; made PaysagaOrderId, `);
    expect(first.output).toContain('Made the schedules housekeeping, unpaidSweep, reconciliation.');
    expect(first.code).toBe(0);
    const second = await bare.paysaga('setup');
    expect(second).toEqual({
      code: 0,
      output: `The database is up to date.
The roles are there; each has its privileges.
All 7 topics are there.
The namespace ${bare.namespace} is there; all search attributes are there.
All 3 schedules are there.
`,
    });
  }, 120_000);

  it('the processes go on by themselves: what waited is paid, and an order is placed, paid and fulfilled', async () => {
    await untilHealthy();
    await eventually(async () => {
      const { body } = await api.call<{ data: SagaResponse[] }>('GET', '/sagas?type=payment');
      expect(body.data).toMatchObject([{ state: 'completed', reason: null }]);
    }, within);
    const order = await placeOrder(api);
    expect(await pay(api, order)).toMatchObject({ status: 200, body: { status: 'ok' } });
    await untilStatus(api, order.order_id, 'FULFILLED', 30_000);
    expect((await fetch(`${bare.urls.worker}/health/ready`)).status).toBe(200);
  }, 90_000);
});

describe('when something is taken away from running processes', () => {
  it('a search attribute: they name it, sagas wait with that reason, and go on after `paysaga setup temporal`', async () => {
    const { namespace } = bare;
    const connection = await Connection.connect({ address: bare.temporal });
    const behind = bare.log.length;
    await connection.operatorService.removeSearchAttributes({ namespace, searchAttributes: ['PaysagaStep'] });
    await connection.close();
    const lacks = `Temporal's namespace ${namespace} lacks the search attributes PaysagaStep: run \`paysaga setup temporal\``;
    await untilLogged(['api', 'worker'], lacks, 'paysaga setup temporal', behind);
    expect((await health()).checks.temporal).toMatchObject({ status: 'degraded', detail: lacks });
    const sagaId = await payInVain();
    const refused = bare.log.find((line) => line.msg === 'saga.start_refused' && line.saga_id === sagaId);
    expect(refused?.reason).toMatch(/search attribute .*PaysagaStep.*: run `paysaga setup temporal`$/);
    await expectUnstarted(sagaId, refused?.reason ?? '');

    expect((await bare.paysaga('setup temporal')).output).toContain('made PaysagaStep.');
    await eventually(async () => expect((await readSaga(api, sagaId)).state).toBe('completed'), within);
    await untilHealthy();
  }, 120_000);

  it('a topic: they name it, events wait, and go on after `paysaga setup topics`', async () => {
    const topic = 'invoice_paid.provision_service';
    const admin = connectKafka({
      config: { brokers: [bare.broker], clientId: 'paysaga-test', ssl: false },
    }).createAdmin();
    const behind = bare.log.length;
    await admin.connect();
    await admin.deleteTopics({ topics: [topic] });
    await admin.disconnect();
    const lacks = `Kafka lacks the topic ${topic}: run \`paysaga setup topics\``;
    await untilLogged(ALL, lacks, 'paysaga setup topics', behind);
    expect((await health()).checks.broker).toMatchObject({ status: 'degraded', detail: lacks });
    const order = await placeOrder(api);
    expect((await pay(api, order)).status).toBe(200);
    expect((await bare.paysaga('setup topics')).output).toBe(`Made ${topic}.\n`);
    await untilStatus(api, order.order_id, 'FULFILLED', 60_000);
    await untilHealthy();
  }, 150_000);

  it('a migration: they name it, and the command does not begin on it', async () => {
    const [last] = await query<{ name: string }>(
      bare.database,
      'SELECT migration_name AS name FROM _prisma_migrations ORDER BY 1 DESC LIMIT 1',
      [],
    );
    const behind = bare.log.length;
    const finished = (at: string) =>
      query(bare.database, `UPDATE _prisma_migrations SET finished_at = ${at} WHERE migration_name = $1`, [last?.name]);
    await finished('NULL');
    const lacks = `the database is older than this version: it lacks ${last?.name}: run \`paysaga setup database\``;
    await untilLogged(ALL, lacks, 'paysaga setup database', behind);
    expect(await health()).toMatchObject({
      status: 'unhealthy',
      checks: { database: { status: 'unhealthy', detail: lacks } },
    });
    expect(await bare.paysaga('sagas ls')).toEqual({ code: 1, output: `${lacks}\n` });
    await finished('now()');
    await untilHealthy();
  }, 90_000);
});
