import fc from 'fast-check';
import type { Answer } from '../../../testing/api-client';
import { eventually, must } from '../../../testing/eventually';
import { newClientId, type OrderResponse, pay, type PaymentAnswer, untilStatus } from '../../../testing/shop';
import { command, DEADLINE_MS, onOrder, type RealShop, settled } from './command';
import { faultCommands, getStuck } from './fault-commands';
import { placeKind } from './place-kind';
import { type Kind, kinds, type ModelOrder, type ShopModel } from './shop-model';

const tell = ({ stack }: RealShop, { view }: ModelOrder, payment_id: string, amount?: number) =>
  settled(stack, () => pay(stack.service, view, { payment_id, wait: 5, ...(amount !== undefined && { amount }) }));

const said = ({ status, body }: Answer<PaymentAnswer>): string => (status === 200 ? 'ok' : `${body.code}`);

/** What may be answered to a payment that would be right, were the order still to be paid. */
function refusalsOf(order: ModelOrder, model: ShopModel): string[] {
  if (order.byCard || model.isCancelled(order)) return ['order_not_payable'];
  if (model.isPaid(order)) return ['invoice_already_paid'];
  return [];
}

const place = fc
  .tuple(fc.constantFrom(...(Object.keys(kinds) as Kind[])), fc.nat(2))
  .map(([kind, customer]) =>
    command(`place ${kind} for customer ${customer}`, (model, real) => placeKind(kind, customer, model, real)),
  );

const payOnce = onOrder('pay', async (order, model, real) => {
  const payment_id = newClientId('pay');
  const answer = await tell(real, order, payment_id);
  const code = said(answer);
  const refusals = refusalsOf(order, model);
  if (refusals.length > 0) return expect(refusals).toContain(code);
  if (code === 'ok') return model.paid(order, payment_id);
  if (code === 'saga_compensated') {
    expect(model.refusing.payment).toBe(true);
    return model.compensated(order, payment_id);
  }
  expect([code, model.mayBeSwept(order)]).toEqual(['order_not_payable', true]);
  model.cancelled(order);
});

const hasPaid = ({ payments }: ModelOrder): boolean => payments.size > 0;

const payAgain = onOrder(
  'pay again',
  async (order, _model, real) => {
    for (const [payment_id, end] of order.payments) {
      expect(said(await tell(real, order, payment_id))).toBe(end === 'paid' ? 'ok' : 'saga_compensated');
      expect(said(await tell(real, order, payment_id, order.view.amount + 1))).toBe('payment_conflict');
    }
  },
  hasPaid,
);

const payTooMuch = onOrder('pay a wrong amount', async (order, model, real) => {
  const code = said(await tell(real, order, newClientId('pay'), order.view.amount + 1));
  const swept = model.mayBeSwept(order) ? ['order_not_payable'] : [];
  const refusals = refusalsOf(order, model);
  expect(refusals.length > 0 ? refusals : ['amount_mismatch', ...swept]).toContain(code);
});

const cancel = onOrder('cancel', async (order, model, { stack }) => {
  const path = `/orders/${order.view.order_id}/cancel`;
  const { status } = await settled(stack, () =>
    stack.service.call<OrderResponse>('POST', path, { json: { reason: 'changed mind' } }),
  );
  if (status === 200) {
    expect(model.isPaid(order)).toBe(false);
    return model.cancelled(order);
  }
  expect([status, order.byCard || model.isPaid(order)]).toEqual([409, true]);
  order.fates = new Set([...order.fates].filter((fate) => fate !== 'CANCELLED'));
});

const restart = onOrder(
  'restart the payment',
  async (order, model, real) => {
    const [payment_id = ''] = [...order.payments.keys()].slice(-1);
    const path = `/sagas/payment-${payment_id}/restart`;
    const restarted = await eventually(
      async () => {
        const answer = await real.stack.operator.call<{ code?: string }>('POST', path, {
          json: { reason: 'try again' },
        });
        must(answer.status < 500, answer.text);
        return answer;
      },
      { deadlineMs: DEADLINE_MS },
    );
    if (restarted.body.code === 'order_not_payable') {
      expect(model.isCancelled(order) || model.mayBeSwept(order)).toBe(true);
      return model.cancelled(order);
    }
    // Its answer may have been lost, and this is that of the second try.
    expect(['undefined', 'saga_not_compensated']).toContain(`${restarted.body.code}`);
    const code = said(await tell(real, order, payment_id));
    if (code === 'ok') return model.paid(order, payment_id);
    expect([code, model.refusing.payment]).toEqual(['saga_compensated', true]);
    // Compensated twice: what can be done about it now is to pay with another payment.
    order.payments.clear();
  },
  (order, model) => hasPaid(order) && !model.isPaid(order),
);

const letTimePass = fc.constant(
  command('let the payment time pass', async (model, { stack }) => {
    const unpaid = model.orders.filter(({ fates }) => fates.has('PENDING_PAYMENT'));
    for (const order of unpaid) {
      await eventually(() => untilStatus(stack.service, order.view.order_id, 'CANCELLED'), { deadlineMs: DEADLINE_MS });
      model.cancelled(order);
    }
  }),
);

const often = [
  ...[place, place, place, payOnce, payOnce, payAgain, payTooMuch, cancel, restart, letTimePass],
  ...faultCommands,
];

/** What can happen in the shop. What takes long is rare. */
export const shopCommands = [...often, ...often, getStuck];
