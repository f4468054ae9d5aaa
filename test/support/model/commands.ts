import fc from 'fast-check';
import type { FaultPoint } from '../../../src/platform/faults/faults';
import { armFault, disarmFaults } from '../../../dev/client/faults';
import { eventually, must } from '../../../dev/client/eventually';
import { newClientId, pay, type PaymentAnswer, placeOrder, untilStatus } from '../../../dev/client/shop';
import type { Answer } from '../../../dev/client/api-client';
import type { OrderView } from '../../../dev/client/views';
import type { E2eStack } from '../e2e-stack';
import { type Kind, kinds, type ModelOrder, type ShopModel } from './shop-model';

/** The real shop, and what tells one run's customers from another's. */
export interface RealShop {
  readonly stack: E2eStack;
  readonly brand: string;
}

export type ShopCommand = fc.AsyncCommand<ShopModel, RealShop>;

/** Some crashes in a row, each of which costs an attempt. */
export const DEADLINE_MS = 90_000;

const command = (
  name: string,
  run: (model: ShopModel, real: RealShop) => Promise<unknown>,
  check: (model: ShopModel) => boolean = () => true,
): ShopCommand => ({ check, run: async (model, real) => void (await run(model, real)), toString: () => name });

/** On one of the orders, where there is one that it can be done to. */
const onOrder = (
  name: string,
  run: (order: ModelOrder, model: ShopModel, real: RealShop) => Promise<unknown>,
  fits: (order: ModelOrder, model: ShopModel) => boolean = () => true,
): fc.Arbitrary<ShopCommand> =>
  fc.nat(20).map((pick) => {
    const find = (model: ShopModel): ModelOrder | undefined => {
      const fitting = model.orders.filter((order) => fits(order, model));
      return fitting[pick % fitting.length];
    };
    return command(
      `${name} #${pick}`,
      async (model, real) => {
        const order = find(model);
        if (order) await run(order, model, real);
      },
      (model) => find(model) !== undefined,
    );
  });

/** A client asks again while nobody answers, the database is busy, or the payment is on its way. */
const settled = <Body>(ask: () => Promise<Answer<Body>>): Promise<Answer<Body>> =>
  eventually(
    async () => {
      const answer = await ask();
      must(answer.status !== 202 && answer.status < 500, `it is still answered ${answer.status} ${answer.text}`);
      return answer;
    },
    { deadlineMs: DEADLINE_MS, everyMs: 100 },
  );

const tell = ({ stack }: RealShop, { view }: ModelOrder, payment_id: string, amount?: number) =>
  settled(() => pay(stack.service, view, { payment_id, wait: 5, ...(amount !== undefined && { amount }) }));

const said = ({ status, body }: Answer<PaymentAnswer>): string => (status === 200 ? 'ok' : `${body.code}`);

/** What may be answered to a payment that would be right, were the order still to be paid. */
function refusalsOf(order: ModelOrder, model: ShopModel): string[] {
  if (order.byCard || model.isCancelled(order)) return ['order_not_payable'];
  if (model.isPaid(order)) return ['invoice_already_paid'];
  return [];
}

const place = fc.tuple(fc.constantFrom(...(Object.keys(kinds) as Kind[])), fc.nat(2)).map(([kind, customer]) =>
  command(`place ${kind} for customer ${customer}`, async (model, { stack, brand }) => {
    const byCard = 'payment_method' in kinds[kind];
    const order = await placeOrder(
      stack.service,
      {
        ...kinds[kind],
        customer_id: `${brand}_${customer}`,
        ...(byCard && { collection_method: 'charge_automatically' }),
      },
      DEADLINE_MS,
    );
    model.placed(kind, order);
  }),
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
  const { status } = await settled(() =>
    stack.service.call<OrderView>('POST', path, { json: { reason: 'changed mind' } }),
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

const REFUSABLE: readonly FaultPoint[] = [
  'billing.close_invoice',
  'ledger.credit_balance',
  'payments.settle',
  'payments.charge',
  'inventory.reserve',
];
const POINTS: readonly FaultPoint[] = [
  ...REFUSABLE,
  ...REFUSABLE.map((point) => `${point}.done` as FaultPoint),
  'billing.reopen_invoice',
  'ledger.reverse_credit',
  'payments.refund',
  'inventory.release',
  'shipping.allocate',
  'shipping.book',
  'orders.after_commit',
  'payments.after_commit',
  'relay.after_send',
  'consumer.before_effect',
  'consumer.after_commit',
];

const arm = fc
  .constantFrom(...POINTS)
  .chain((point) =>
    fc
      .constantFrom('error' as const, 'crash' as const)
      .map((kind) =>
        command(`arm ${kind} at ${point}`, (_model, { stack }) =>
          eventually(() => armFault(stack.operator, point, kind), { deadlineMs: DEADLINE_MS }),
        ),
      ),
  );

const refuse = fc.constantFrom<FaultPoint>(...REFUSABLE, 'shipping.allocate', 'shipping.book').map((point) =>
  command(`refuse at ${point}`, async (model, { stack }) => {
    model.refuses(point.startsWith('shipping') ? 'shipment' : 'payment');
    await eventually(() => armFault(stack.operator, point, 'refuse'), { deadlineMs: DEADLINE_MS });
  }),
);

const disarm = fc.constant(
  command('disarm', async (model, { stack }) => {
    await eventually(() => disarmFaults(stack.operator), { deadlineMs: DEADLINE_MS });
    Object.assign(model.refusing, { payment: false, shipment: false });
  }),
);

const kill = fc
  .constantFrom('api' as const, 'worker' as const, 'consumer' as const)
  .map((name) => command(`kill ${name}`, (_model, { stack }) => stack.processes.kill(name)));

const killProvider = fc.constant(command('kill the provider', (_model, { stack }) => stack.provider.kill()));

const misbehave = fc
  .tuple(
    fc.constantFrom('test' as const, 'standby' as const, 'carrier' as const),
    fc.constantFrom('unavailable' as const, 'lose_answers' as const, 'hang' as const),
    fc.integer({ min: 1, max: 6 }),
  )
  .map(([party, behaviour, times]) =>
    command(`${party}: ${behaviour}, ${times} times`, (_model, { stack }) =>
      eventually(() => stack.provider.behave(party, behaviour, times), { deadlineMs: DEADLINE_MS }),
    ),
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

/** What can happen in the shop. The first are more likely. */
export const shopCommands = [
  ...[place, place, place, payOnce, payOnce, payAgain, payTooMuch, cancel, restart],
  ...[arm, refuse, disarm, kill, killProvider, misbehave, letTimePass],
];
