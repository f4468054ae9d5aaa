import { WorkflowNotFoundError } from '@temporalio/client';
import { createMetrics, type Metrics } from '../../../src/platform/metrics';
import type { TemporalClient } from '../../../src/platform/temporal/temporal';
import { createRerunCounter, registerSagaMetrics } from '../../../src/sagas/metrics';
import { rerunLostSagas } from '../../../src/sagas/rerun';
import type { SagaStarter, SagaToRerun } from '../../../src/sagas/start';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { silentLogger } from '../../support/logger';

let test: TestDatabase;
let metrics: Metrics;
let countRerun: ReturnType<typeof createRerunCounter>;

beforeAll(async () => {
  test = await createTestDatabase();
});
beforeEach(async () => {
  await test.empty('saga');
  metrics = createMetrics();
  countRerun = createRerunCounter(metrics);
});
afterAll(() => test.close());

const FAILURE = { failed_step: 'settle', code: 'invoice_not_open', detail: 'It is void.' };

/** A saga that began half an hour ago. */
async function begunSaga(saga_id: string, failure?: typeof FAILURE): Promise<void> {
  await test.query(
    `SET session_replication_role = replica;
     INSERT INTO saga (saga_id, type, state, order_id, customer_id, input, correlation_id, created_at, started_at)
     VALUES ('${saga_id}', 'payment', 'running', 'ord_1', 'cus_1', '{"amount":9900}', 'c', now(), now() - interval '30 min')`,
  );
  if (!failure) return;
  const { failed_step, code, detail } = failure;
  await test.query(
    `UPDATE saga SET state = 'compensating', failed_step = $2, failure_code = $3, failure_detail = $4 WHERE saga_id = $1`,
    saga_id,
    failed_step,
    code,
    detail,
  );
}

const NOT_FOUND = 'NOT_FOUND';
const SILENT = 'SILENT';

/** Looks at all sagas until Temporal was asked for each of them so often. @returns what was begun again */
async function lookUntil(looks: number, status: string): Promise<SagaToRerun[]> {
  const stopping = new AbortController();
  const sagaIds = (await test.query<{ saga_id: string }>('SELECT saga_id FROM saga')).length;
  let asked = 0;
  const describe = async () => {
    if ((asked += 1) >= looks * sagaIds) stopping.abort();
    if (status === NOT_FOUND) throw new WorkflowNotFoundError('not found', 'a', undefined);
    if (status === SILENT) throw new Error('UNAVAILABLE');
    return { status: { name: status } };
  };
  const rerun: SagaToRerun[] = [];
  const sagas: Pick<SagaStarter, 'rerun'> = {
    rerun: async (saga) => {
      rerun.push(saga);
      return undefined;
    },
  };
  await rerunLostSagas({
    database: test.database,
    sagas,
    temporal: {
      client: { workflow: { getHandle: () => ({ describe }) } },
      within: (_: number, work: () => Promise<unknown>) => work(),
    } as unknown as TemporalClient,
    logger: silentLogger,
    signal: stopping.signal,
    everyMs: 20,
    onRerun: countRerun,
  });
  return rerun;
}

const lost = () => test.query<{ saga_id: string }>('SELECT saga_id FROM saga WHERE lost_at IS NOT NULL');

it.each(['COMPLETED', 'FAILED', 'CANCELLED', 'TERMINATED', 'TIMED_OUT', NOT_FOUND])(
  'a saga whose workflow is %s is lost at the first look, and begins again later',
  async (status) => {
    await begunSaga('payment-1');
    expect(await lookUntil(1, status)).toEqual([]);
    expect(await lost()).toEqual([{ saga_id: 'payment-1' }]);
    await test.query(`UPDATE saga SET lost_at = now() - interval '10 min', checked_at = lost_at`);
    expect(await lookUntil(1, status)).toMatchObject([
      { saga_id: 'payment-1', input: { amount: 9900 }, failure: null },
    ]);
    expect(await lost()).toEqual([]);
  },
);

it.each(['RUNNING', 'PAUSED', 'CONTINUED_AS_NEW', 'UNSPECIFIED', 'UNKNOWN', 'NEWER_THAN_THE_SDK'])(
  'a saga whose workflow is %s is not lost, however often it is looked at',
  async (status) => {
    await begunSaga('payment-1');
    await test.query('UPDATE saga SET lost_at = now()');
    expect(await lookUntil(3, status)).toEqual([]);
    expect(await lost()).toEqual([]);
  },
);

it('marks no saga while Temporal does not answer', async () => {
  await begunSaga('payment-1');
  expect(await lookUntil(2, SILENT)).toEqual([]);
  expect(await test.query('SELECT checked_at, lost_at FROM saga')).toEqual([{ checked_at: null, lost_at: null }]);
});

it('reruns a failed saga with its failure', async () => {
  await begunSaga('payment-1', FAILURE);
  await test.query(`UPDATE saga SET lost_at = now() - interval '10 min', checked_at = now() - interval '10 min'`);
  expect(await lookUntil(1, 'TERMINATED')).toMatchObject([{ saga_id: 'payment-1', failure: FAILURE, reruns: 1 }]);
  expect(await test.query('SELECT state FROM saga')).toEqual([{ state: 'compensating' }]);
});

it('exports the lost open sagas by type, and counts the reruns', async () => {
  registerSagaMetrics({ metrics, database: test.database, logger: silentLogger });
  for (const saga_id of ['payment-1', 'payment-2', 'payment-3']) await begunSaga(saga_id);
  await test.query(`UPDATE saga SET state = 'completed', lost_at = now() WHERE saga_id = 'payment-3'`);
  await test.query(
    `UPDATE saga SET lost_at = now() - interval '10 min', checked_at = now() WHERE saga_id = 'payment-1'`,
  );
  const text = await metrics.render();
  expect(text).toContain('paysaga_sagas_lost{saga_type="payment"} 1');
  expect(text).toContain('paysaga_sagas_lost{saga_type="order"} 0');
  expect(text).toContain('paysaga_sagas_stuck{saga_type="payment"} 0');

  await test.query(`DELETE FROM saga WHERE saga_id <> 'payment-1'`);
  await test.query(`UPDATE saga SET checked_at = lost_at`);
  expect(await lookUntil(1, 'TERMINATED')).toHaveLength(1);
  expect(await metrics.render()).toContain('paysaga_sagas_rerun_total{saga_type="payment"} 1');
});
