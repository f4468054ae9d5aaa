import { createApplication } from '../../../src/application';
import { connectTemporalClient } from '../../../src/platform/temporal/temporal';
import { createSagaProgress, listSagas } from '../../../src/sagas/queries';
import type { SagaResponse } from '../../../src/sagas/view';
import { sagaSteps, type SagaType } from '../../../src/temporal-contract';
import { type ApiAnswer, createTestApi, type TestApi } from '../../support/api';
import { givenServices } from '../../support/e2e-stack';
import { silentLogger } from '../../support/logger';
import { createTcpProxy } from '../../support/network/tcp-proxy';
import { createMemoryProvider } from '../../support/payments/memory-provider';
import { createSteps, type Steps } from '../../support/sagas/steps';

const provider = createMemoryProvider({ name: 'first' });
let steps: Steps;
let api: TestApi;
beforeAll(async () => {
  steps = await createSteps(() => [provider]);
  api = await createTestApi(steps.db.database);
});
afterAll(() => steps?.db.close());

const get = (path: string, as: 'operator' | 'service' | 'customer' = 'service'): Promise<ApiAnswer> =>
  api.call('GET', path, { as });

async function show(sagaId: string): Promise<SagaResponse> {
  const { status, body } = await get(`/sagas/${sagaId}`);
  expect(status).toBe(200);
  return body as unknown as SagaResponse;
}
const statesOf = ({ steps: of }: SagaResponse): string[] => of.map(({ name, state }) => `${name} ${state}`);

async function list(query: string): Promise<{ data: SagaResponse[]; next_cursor: string | null }> {
  const { status, body } = await get(`/sagas?${query}`);
  expect(status).toBe(200);
  return body as never;
}

/** A shipment that could not be sent, with all that followed. */
async function refundedShipment() {
  const saga = await steps.shipment('by provider');
  const { saga_id, correlation_id } = saga;
  await steps.act('allocateGoods', saga);
  await steps.act('cancelBooking', saga);
  await steps.act('releaseGoods', saga);
  await steps.act('reversePaymentCredit', saga);
  await steps.act('refundPayment', saga);
  const failure = { failed_step: 'book_carrier', code: 'shipment_refused', detail: 'Nobody carries it.' };
  await steps.act('recordSagaOutcome', { saga_id, correlation_id, state: 'compensated', failure, sequence: 1 });
  return saga;
}

describe('GET /sagas/{saga_id}', () => {
  it('shows a completed saga as completed, even if its workflow reports late', async () => {
    const saga = await steps.charged();
    await steps.act('reserveInventory', saga);
    await steps.act('charge', saga);
    await steps.settle(saga);
    const { saga_id, correlation_id } = saga;
    for (const [sequence, state] of (['stuck', 'running'] as const).entries()) {
      await steps.act('recordSagaOutcome', { saga_id, correlation_id, state, failure: null, sequence });
    }
    expect(await show(saga_id)).toMatchObject({ state: 'completed' });
    expect((await list('state=running')).data.map((view) => view.saga_id)).not.toContain(saga_id);
  });

  it('shows an order’s saga from its beginning to its end', async () => {
    const saga = await steps.charged();
    const steps_ = sagaSteps.order;
    const begun = await show(saga.saga_id);
    expect(begun).toMatchObject({ state: 'pending', reason: null });
    expect(statesOf(begun)).toEqual(steps_.map((name) => `${name} pending`));
    expect((await list('state=pending')).data.map((view) => view.saga_id)).toContain(saga.saga_id);
    expect((await list('state=running')).data.map((view) => view.saga_id)).not.toContain(saga.saga_id);
    await steps.act('reserveInventory', saga);
    expect(statesOf(await show(saga.saga_id)).slice(0, 2)).toEqual(['reserve_inventory done', 'charge running']);
    expect((await list('state=running')).data.map((view) => view.saga_id)).toContain(saga.saga_id);
    await steps.act('charge', saga);
    await steps.settle(saga);
    const view = await show(saga.saga_id);
    expect(view).toMatchObject({ type: 'order', state: 'completed', workflow_url: null });
    expect(statesOf(view)).toEqual(steps_.map((name) => `${name} done`));
    for (const step of view.steps) {
      expect(step).toMatchObject({ attempts: expect.any(Number), error: null });
      expect(step.started_at).toMatch(/Z$/);
      expect(step.ended_at).toMatch(/Z$/);
    }
  });

  it('shows a payment’s saga', async () => {
    const { payment_saga_id } = await steps.shipment('outside');
    const view = await show(payment_saga_id);
    expect(view).toMatchObject({ type: 'payment', state: 'completed' });
    expect(statesOf(view)).toEqual(sagaSteps.payment.map((name) => `${name} done`));
  });

  it('shows the follow-ups of a shipment’s saga after its steps, in the order of execution', async () => {
    const { saga_id } = await refundedShipment();
    const view = await show(saga_id);
    expect(view).toMatchObject({ type: 'shipment', state: 'compensated' });
    expect(statesOf(view)).toEqual([
      'allocate undone',
      'book_carrier failed',
      'dispatch pending',
      'reverse_credit done',
      'refund_payment done',
    ]);
    expect(view.steps[1]?.error).toBe('Nobody carries it.');
  });

  it('shows the steps of a stuck saga', async () => {
    const { saga_id, correlation_id, ...saga } = await steps.charged();
    await steps.act('reserveInventory', { saga_id, correlation_id, ...saga });
    const failure = { failed_step: 'charge', code: 'payment_declined', detail: 'No.' };
    await steps.act('recordSagaOutcome', { saga_id, correlation_id, state: 'stuck', failure, sequence: 1 });
    const view = await show(saga_id);
    expect(view.state).toBe('stuck');
    expect(statesOf(view).slice(0, 3)).toEqual(['reserve_inventory done', 'charge failed', 'close_invoice pending']);
  });

  it('refuses an unknown saga, and customers', async () => {
    expect(await get('/sagas/order-nobody')).toMatchObject({ status: 404, body: { code: 'saga_not_found' } });
    expect((await get('/sagas/order-nobody', 'customer')).status).toBe(403);
    expect((await get('/sagas', 'customer')).status).toBe(403);
  });
});

describe('GET /sagas', () => {
  it.each<SagaType>(['order', 'payment', 'shipment'])('lists sagas of the type %s, newest first', async (type) => {
    const older = await steps.shipment('outside');
    const newer = await refundedShipment();
    const { data } = await list(`type=${type}&limit=200`);
    expect(new Set(data.map((saga) => saga.type))).toEqual(new Set([type]));
    const ids = data.map(({ saga_id }) => saga_id);
    if (type === 'payment') expect(ids).toContain(older.payment_saga_id);
    if (type === 'order') expect(ids).toContain(newer.payment_saga_id);
    if (type === 'shipment') expect(ids.indexOf(newer.saga_id)).toBeLessThan(ids.indexOf(older.saga_id));
    for (const saga of data)
      expect(saga.steps.slice(0, 3).map(({ name }) => name)).toEqual(sagaSteps[type].slice(0, 3));
  });

  it('lists sagas by state, with their follow-ups', async () => {
    const { saga_id } = await refundedShipment();
    const { data } = await list('type=shipment&state=compensated&limit=200');
    expect(new Set(data.map(({ state }) => state))).toEqual(new Set(['compensated']));
    const found = data.find((saga) => saga.saga_id === saga_id);
    expect(found?.steps.map(({ name }) => name).slice(3)).toEqual(['reverse_credit', 'refund_payment']);
  });

  it('returns each saga once, page by page', async () => {
    for (let count = 0; count < 5; count++) await steps.charged();
    const all = (await list('limit=200')).data.map(({ saga_id }) => saga_id);
    const paged: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page = await list(`limit=2${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
      paged.push(...page.data.map(({ saga_id }) => saga_id));
      cursor = page.next_cursor;
    }
    expect(paged).toEqual(all);
  });

  it('shows the rows after one deadline while Temporal does not answer', async () => {
    const running: string[] = [];
    for (let count = 0; count < 5; count++) {
      const saga = await steps.charged();
      running.push(saga.saga_id);
      if (count === 0) await steps.act('reserveInventory', saga);
    }
    const [host = '', port] = givenServices().temporalAddress.split(':');
    const silent = await createTcpProxy({ host, port: Number(port) });
    silent.stall();
    const connection = { address: `127.0.0.1:${silent.port}` };
    const temporal = connectTemporalClient({ config: { connection, namespace: 'default' } });
    const sagaProgress = createSagaProgress({ temporal, logger: silentLogger });
    const mediator = createApplication({ database: steps.db.database, logger: silentLogger, sagaProgress });
    const began = performance.now();
    try {
      const { data } = await mediator.send(listSagas({ limit: 5 }));
      const waited = performance.now() - began;
      expect([waited > 400, waited < 2_000]).toEqual([true, true]);
      expect(data.map(({ saga_id }) => saga_id).sort()).toEqual(running.toSorted());
      expect(data.filter(({ steps: [first] }) => first?.state === 'done')).toHaveLength(1);
    } finally {
      await temporal.close();
      await silent.close();
    }
  });

  it.each(['type=trip', 'state=odd', 'limit=0', 'limit=201', 'other=1'])('refuses the query %s', async (query) => {
    expect(await get(`/sagas?${query}`)).toMatchObject({ status: 422, body: { code: 'validation_failed' } });
  });
});
