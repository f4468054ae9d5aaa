import type { ShipmentSagaInput } from '../../../src/temporal-contract';
import { type ApiAnswer, createTestApi, type TestApi } from '../../support/api';
import { listedCharges } from '../../support/payments/listed-charges';
import { createMemoryProvider, type MemoryProvider } from '../../support/payments/memory-provider';
import { createSteps, type Steps } from '../../support/sagas/steps';

let steps: Steps;
let api: TestApi;
let provider: MemoryProvider;
beforeAll(async () => {
  steps = await createSteps(() => [provider]);
  api = await createTestApi(steps.db.database);
});
beforeEach(() => (provider = createMemoryProvider({ name: 'first' })));
afterEach(() => steps.faults.disarmAll());
afterAll(() => steps?.db.close());

async function statusOf({ order_id, payment_id }: ShipmentSagaInput): Promise<string | undefined> {
  const [row] = await steps.db.query<{ says: string }>(
    `SELECT orders.status || ', payment ' || payment.status || coalesce(', charge ' || state, '') AS says
     FROM orders, payment LEFT JOIN provider_charge USING (payment_id)
     WHERE orders.order_id = $1 AND payment.payment_id = $2`,
    order_id,
    payment_id,
  );
  return row?.says;
}

async function reasonOf({ order_id }: ShipmentSagaInput): Promise<string | undefined> {
  const [row] = await steps.db.query<{ reason: string }>(
    `SELECT payload->>'reason' AS reason FROM event WHERE aggregate_id = $1 AND type = 'order.refund_due'`,
    order_id,
  );
  return row?.reason;
}

const refunds = (): number => provider.calls.filter((call) => call.startsWith('refund')).length;

describe('the refund of goods that cannot be shipped', () => {
  it('is made by the provider that took the money, once', async () => {
    const saga = await steps.shipment('by provider');
    await steps.act('refundPayment', saga);
    await steps.act('refundPayment', saga);
    expect(await statusOf(saga)).toBe('REFUNDED, payment REFUNDED, charge refunded');
    expect(provider.calls).toEqual([
      `charge ${saga.payment_id}`,
      expect.stringMatching(new RegExp(`^refund ${saga.payment_id} ch_`)),
    ]);
  });

  it('is an operator’s task for a notified payment', async () => {
    const saga = await steps.shipment('outside');
    await steps.act('refundPayment', saga);
    expect(await statusOf(saga)).toBe('REFUND_DUE, payment CAPTURED');
    expect(await reasonOf(saga)).toBe('It was paid outside.');
    expect(provider.calls).toEqual([]);
  });

  it('is an operator’s task when the provider refuses', async () => {
    const saga = await steps.shipment('by provider');
    provider.refuseRefunds();
    await steps.act('refundPayment', saga);
    expect(await statusOf(saga)).toBe('REFUND_DUE, payment CAPTURED, charge charged');
    expect(await reasonOf(saga)).toBe('first refused: first said refund_refused.');
  });

  it('is an operator’s task when the provider has no such charge', async () => {
    const saga = await steps.shipment('by provider');
    provider = createMemoryProvider({ name: 'first' });
    await steps.act('refundPayment', saga);
    expect(await statusOf(saga)).toBe('REFUND_DUE, payment CAPTURED, charge charged');
    expect(await reasonOf(saga)).toBe('first has no such charge.');
  });

  it.each(['request', 'answer'] as const)('is repeated and made once when its %s was lost', async (lost) => {
    const saga = await steps.shipment('by provider');
    provider.lose(lost);
    await expect(steps.act('refundPayment', saga)).rejects.toThrow(/^first/);
    expect(await statusOf(saga)).toBe('PAID, payment CAPTURED, charge charged');
    await steps.act('refundPayment', saga);
    expect(await statusOf(saga)).toBe('REFUNDED, payment REFUNDED, charge refunded');
    expect(await listedCharges(provider)).toMatchObject([{ amount: 1_500, refunded_amount: 1_500 }]);
  });

  it('is not made by the provider as well when it is an operator’s task', async () => {
    const saga = await steps.shipment('by provider');
    provider.refuseRefunds();
    await steps.faults.arm({ point: 'payments.refund.done', kind: 'error', times: 1 });
    await expect(steps.act('refundPayment', saga)).rejects.toThrow('payments.refund.done');
    provider.refuseRefunds(false);
    await steps.act('refundPayment', saga);
    expect(await statusOf(saga)).toBe('REFUND_DUE, payment CAPTURED, charge charged');
    expect(refunds()).toBe(1);
  });

  it('is not made again when it was interrupted after its record', async () => {
    const saga = await steps.shipment('by provider');
    await steps.faults.arm({ point: 'payments.refund.done', kind: 'error', times: 1 });
    await expect(steps.act('refundPayment', saga)).rejects.toThrow('payments.refund.done');
    await steps.act('refundPayment', saga);
    expect(refunds()).toBe(1);
    expect(await statusOf(saga)).toBe('REFUNDED, payment REFUNDED, charge refunded');
  });
});

describe('POST /orders/{order_id}/refunded', () => {
  const note = { reference: 'bank-4711', reason: 'sent back by bank' };

  async function due(): Promise<ShipmentSagaInput> {
    const saga = await steps.shipment('outside');
    await steps.act('refundPayment', saga);
    return saga;
  }

  const resolve = (
    { order_id }: Pick<ShipmentSagaInput, 'order_id'>,
    { as = 'operator' as 'operator' | 'service' | 'customer', json = note as object, headers = {} } = {},
  ): Promise<ApiAnswer> => api.call('POST', `/orders/${order_id}/refunded`, { as, json, headers });

  const actionsOn = ({ order_id }: ShipmentSagaInput) =>
    steps.db.query('SELECT actor, action, reason, details FROM audit_log WHERE subject = $1', order_id);

  it('marks the order as refunded, and records actor and reason', async () => {
    const saga = await due();
    expect(await resolve(saga)).toMatchObject({ status: 200, body: { order_id: saga.order_id, status: 'REFUNDED' } });
    expect(await statusOf(saga)).toBe('REFUNDED, payment REFUNDED');
    const { payment_id, amount, currency } = saga;
    expect(await actionsOn(saga)).toEqual([
      {
        actor: api.operatorKeyId,
        action: 'order.refunded',
        reason: note.reason,
        details: { reference: note.reference, payment_id, amount, currency },
      },
    ]);
  });

  it('is refused a second time, and records nothing', async () => {
    const saga = await due();
    await resolve(saga);
    expect(await resolve(saga)).toMatchObject({ status: 409, body: { code: 'order_not_refundable' } });
    expect(await actionsOn(saga)).toHaveLength(1);
  });

  it('returns the first response for a repeated key, and refuses another note under it', async () => {
    const saga = await due();
    const headers = { 'idempotency-key': saga.order_id };
    const answer = await resolve(saga, { headers });
    expect((await resolve(saga, { headers })).text).toBe(answer.text);
    const other = await resolve(saga, { headers, json: { ...note, reference: 'bank-4712' } });
    expect(other).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
    expect(await actionsOn(saga)).toHaveLength(1);
  });

  it('is accepted once of ten concurrent requests', async () => {
    const saga = await due();
    const answers = await Promise.all(Array.from({ length: 10 }, () => resolve(saga)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 9 }, () => 409)]);
    expect(await actionsOn(saga)).toHaveLength(1);
  });

  it('is refused for a paid order without a due refund', async () => {
    const saga = await steps.shipment('outside');
    expect(await resolve(saga)).toMatchObject({ status: 409, body: { code: 'order_not_refundable' } });
  });

  it('answers 404 for an unknown order', async () => {
    expect(await resolve({ order_id: 'ord_x' })).toMatchObject({ status: 404, body: { code: 'order_not_found' } });
  });

  it.each(['service', 'customer'] as const)('is forbidden for a %s', async (as) => {
    const saga = await due();
    expect(await resolve(saga, { as })).toMatchObject({ status: 403 });
    expect(await statusOf(saga)).toBe('REFUND_DUE, payment CAPTURED');
  });

  it.each([
    { missing: 'reference', json: { reason: note.reason } },
    { missing: 'reason', json: { reference: note.reference } },
    { missing: 'nothing, but says too much', json: { ...note, amount: 1 } },
  ])('is invalid without $missing', async ({ json }) => {
    const saga = await due();
    expect(await resolve(saga, { json })).toMatchObject({ status: 422, body: { code: 'validation_failed' } });
  });
});
