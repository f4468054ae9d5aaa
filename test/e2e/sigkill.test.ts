import type { FaultPoint } from '../../src/platform/faults';
import { eventually, must } from '../../dev/client/eventually';
import { armFault, disarmFaults } from '../../dev/client/faults';
import { newClientId, payUntilSettled, placeOrder, untilStatus } from '../../dev/client/shop';
import { type E2eStack, startE2eStack } from '../support/e2e-stack';

const ORDERS = 6;
/** A refusal that a killed worker did not live to report is asked for again. */
const REFUSALS = 10 * ORDERS;
/** Some crashes in a row, each of which costs an activity's attempt (5 s), and the relay's time-out (10 s). */
const DEADLINE_MS = 75_000;

/** Each batch kills what comes to its points, once each, while the orders are placed and paid. */
const batches: { title: string; points: FaultPoint[]; refuse?: FaultPoint }[] = [
  {
    title: 'before each step of the saga, before a batch is sent, and before an event is applied',
    points: [
      'orders.after_commit',
      'billing.close_invoice',
      'ledger.credit_balance',
      'payments.settle',
      'relay.before_send',
      'consumer.before_effect',
    ],
  },
  {
    title: 'after each step committed, after a batch was sent, and after an event was applied',
    points: [
      'payments.after_commit',
      'billing.close_invoice.done',
      'ledger.credit_balance.done',
      'payments.settle.done',
      'relay.after_send',
      'consumer.after_commit',
    ],
  },
  {
    title: 'before and after each compensation, and after a batch was marked',
    points: [
      'ledger.reverse_credit',
      'ledger.reverse_credit.done',
      'billing.reopen_invoice',
      'billing.reopen_invoice.done',
      'relay.after_mark',
    ],
    refuse: 'payments.settle',
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

      const orders = await Promise.all(Array.from({ length: ORDERS }, () => placeOrder(service)));
      const answers = await Promise.all(
        orders.map((order) => payUntilSettled(service, order, { payment_id: newClientId('pay') }, DEADLINE_MS)),
      );
      expect(answers.map(({ status }) => status)).toEqual(orders.map(() => (refuse ? 409 : 200)));
      if (!refuse) {
        await Promise.all(orders.map(({ order_id }) => untilStatus(service, order_id, 'FULFILLED', DEADLINE_MS)));
      }
      await eventually(async () => expect(await unpassed(stack, points)).toEqual([]), { deadlineMs: DEADLINE_MS });
      await eventually(() => disarmFaults(operator), { deadlineMs: DEADLINE_MS });
      const { invoices } = await stack.checker.holds(DEADLINE_MS);
      const ofThese = new Set(orders.map(({ order_id }) => order_id));
      const statuses = invoices.filter(({ order_id }) => ofThese.has(order_id)).map(({ status }) => status);
      expect(statuses).toEqual(orders.map(() => (refuse ? 'OPEN' : 'PAID')));
    },
    150_000,
  );

  it('was real: a process died for each point', () => {
    const killed = stack.log.filter((line) => line.includes('ended: SIGKILL'));
    const points = batches.flatMap((batch) => batch.points);
    must(killed.length === points.length, `${killed.length} processes died for ${points.length} points`);
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
