import type { FaultPoint } from '../../../src/platform/faults';
import { eventually, must } from '../../../testing/eventually';
import { armFault, disarmFaults } from '../../../testing/faults';
import {
  CHARGED_GOODS,
  newClientId,
  type OrderResponse,
  payUntilSettled,
  placeOrder,
  untilStatus,
} from '../../../testing/shop';
import { type E2eStack, startE2eStack } from '../../support/e2e-stack';

const ORDERS = 4;
/** A refusal that a killed worker did not live to report is asked for again. */
const REFUSALS = 10 * ORDERS;
/** Some crashes in a row, each of which costs an activity's attempt (5 s), and the relay's time-out (10 s). */
const DEADLINE_MS = 120_000;

/** How charged goods end, when that point is refused. */
const GOODS_END = { 'payments.settle': 'CANCELLED', 'shipping.dispatch': 'REFUNDED' } as const;

/** Each batch kills what comes to its points, once each, while the orders are placed and paid. */
const batches: { title: string; points: FaultPoint[]; refuse?: 'payments.settle' | 'shipping.dispatch' }[] = [
  {
    title: 'before each step of a saga, before a batch is sent, and before an event is applied',
    points: [
      'orders.after_commit',
      'inventory.reserve',
      'payments.charge',
      'billing.close_invoice',
      'ledger.credit_balance',
      'payments.settle',
      'shipping.allocate',
      'shipping.book',
      'shipping.dispatch',
      'relay.before_send',
      'consumer.before_effect',
    ],
  },
  {
    title: 'after each step committed, after a batch was sent, and after an event was applied',
    points: [
      'payments.after_commit',
      'inventory.reserve.done',
      'payments.charge.done',
      'billing.close_invoice.done',
      'ledger.credit_balance.done',
      'payments.settle.done',
      'shipping.allocate.done',
      'shipping.book.done',
      'shipping.dispatch.done',
      'relay.after_send',
      'consumer.after_commit',
    ],
  },
  {
    title: 'before and after each compensation of a payment, and after a batch was marked',
    points: [
      'inventory.release',
      'inventory.release.done',
      'payments.refund',
      'payments.refund.done',
      'ledger.reverse_credit',
      'ledger.reverse_credit.done',
      'billing.reopen_invoice',
      'billing.reopen_invoice.done',
      'relay.after_mark',
    ],
    refuse: 'payments.settle',
  },
  {
    title: 'before and after each compensation of a shipment, and each part of its refund',
    points: [
      'shipping.cancel_booking',
      'shipping.cancel_booking.done',
      'inventory.release',
      'inventory.release.done',
      'ledger.reverse_credit',
      'ledger.reverse_credit.done',
      'payments.refund',
      'payments.refund.done',
    ],
    refuse: 'shipping.dispatch',
  },
];

describe('SIGKILL', () => {
  let stack: E2eStack;
  beforeAll(async () => (stack = await startE2eStack()), 60_000);
  afterAll(() => stack?.stop());

  it.each(batches)(
    '$title: nothing is lost, doubled or half-finished',
    async ({ points, refuse }) => {
      const { service, operator } = stack;
      if (refuse) await armFault(operator, refuse, 'refuse', REFUSALS);
      for (const point of points) await armFault(operator, point, 'crash');

      const [paid, charged] = await Promise.all([
        Promise.all(Array.from({ length: ORDERS }, () => placeOrder(service))),
        Promise.all(Array.from({ length: ORDERS }, () => placeOrder(service, CHARGED_GOODS))),
      ]);
      const answers = await Promise.all(
        paid.map((order) => payUntilSettled(service, order, { payment_id: newClientId('pay') }, DEADLINE_MS)),
      );
      const isRefused = refuse === 'payments.settle';
      expect(answers.map(({ status }) => status)).toEqual(paid.map(() => (isRefused ? 409 : 200)));
      await untilAll(paid, isRefused ? 'PENDING_PAYMENT' : 'FULFILLED');
      await untilAll(charged, refuse ? GOODS_END[refuse] : 'FULFILLED');
      await eventually(async () => expect(await unpassed(stack, points)).toEqual([]), { deadlineMs: DEADLINE_MS });
      await eventually(() => disarmFaults(operator), { deadlineMs: DEADLINE_MS });
      await stack.checker.holds(DEADLINE_MS);
    },
    2 * DEADLINE_MS,
  );

  const untilAll = (orders: readonly OrderResponse[], status: OrderResponse['status']) =>
    Promise.all(orders.map(({ order_id }) => untilStatus(stack.service, order_id, status, DEADLINE_MS)));

  it('was real: processes died at the points', () => {
    const killed = stack.log.filter((line) => line.includes('ended: SIGKILL')).length;
    const points = batches.flatMap((batch) => batch.points).length;
    // Two points that one process comes to in the same moment kill it once.
    must(killed <= points && killed > points / 2, `${killed} processes died for ${points} points`);
  });
});

/** The points that nobody has come to yet. */
async function unpassed(stack: E2eStack, points: readonly FaultPoint[]): Promise<string[]> {
  const rows = await stack.query<{ point: string }>(
    'SELECT point FROM fault WHERE times > 0 AND point = ANY ($1)',
    points,
  );
  return rows.map(({ point }) => point);
}
