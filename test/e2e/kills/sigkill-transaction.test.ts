import type { FaultPoint } from '../../../src/platform/faults';
import { eventually } from '../../../testing/eventually';
import { armFault, disarmFaults } from '../../../testing/faults';
import {
  CHARGED_GOODS,
  newClientId,
  type OrderResponse,
  pay,
  placeOrder,
  readSaga,
  type SagaResponse,
  untilStatus,
} from '../../../testing/shop';
import { type E2eStack, startE2eStack } from '../../support/e2e-stack';
import { type Gate, installSagaGates, type SagaGates } from '../../support/sagas/saga-gates';

const DEADLINE_MS = 60_000;
/** A refusal that a killed worker did not live to report is asked for again. */
const REFUSALS = 1_000;

/** What is farther on its way begins first, so that nobody waits for long until all of them do. */
const sagaTypes = ['shipment', 'order', 'payment'] as const;
type SagaType = (typeof sagaTypes)[number];
type Ends = Partial<Record<SagaType, OrderResponse['status']>>;

/** The transactions of one kill, and how their orders end: each is that of another order, and all are open at once. */
interface Kill {
  readonly title: string;
  readonly refuse?: FaultPoint;
  readonly transactions: readonly `${SagaType}/${string}`[];
  readonly saga: SagaResponse['state'];
  readonly orders: Ends;
}

const kills: Kill[] = [
  {
    title: 'every step: before an external call, after it, and in the transaction',
    transactions: [
      'shipment/allocate',
      'shipment/ask/book_carrier',
      'shipment/book_carrier',
      'shipment/dispatch',
      'order/reserve_inventory',
      'order/ask/charge',
      'order/charge',
      'order/close_invoice',
      'order/credit_balance',
      'order/settle',
      'payment/close_invoice',
      'payment/credit_balance',
      'payment/settle',
    ],
    saga: 'completed',
    orders: { shipment: 'FULFILLED', order: 'FULFILLED', payment: 'FULFILLED' },
  },
  {
    title: 'every compensation of a payment, and what its failure is recorded with',
    refuse: 'payments.settle',
    transactions: [
      'order/undo/settle',
      'order/outcome/1',
      'order/undo/credit_balance',
      'order/undo/close_invoice',
      'order/undo/ask/charge',
      'order/undo/charge',
      'order/undo/reserve_inventory',
      'order/outcome/2',
      'payment/undo/settle',
      'payment/outcome/1',
      'payment/undo/credit_balance',
      'payment/undo/close_invoice',
      'payment/outcome/2',
    ],
    saga: 'compensated',
    orders: { order: 'CANCELLED', payment: 'PENDING_PAYMENT' },
  },
  {
    title: 'every compensation of a shipment, its follow-ups, and the record of its failure',
    refuse: 'shipping.dispatch',
    transactions: [
      'shipment/undo/dispatch',
      'shipment/outcome/1',
      'shipment/undo/ask/book_carrier',
      'shipment/undo/book_carrier',
      'shipment/undo/allocate',
      'shipment/reverse_credit',
      'shipment/ask/refund_payment',
      'shipment/refund_payment',
      'shipment/outcome/2',
    ],
    saga: 'compensated',
    orders: { shipment: 'REFUNDED' },
  },
];

let stack: E2eStack;
let gates: SagaGates;
beforeAll(async () => {
  stack = await startE2eStack({ env: { DATABASE_POOL_SIZE: '40' } });
  gates = await installSagaGates(stack.services.databaseUrl);
}, DEADLINE_MS);
afterEach(async () => {
  await gates.open();
  await disarmFaults(stack.operator);
});
afterAll(async () => {
  await gates?.end();
  await stack?.stop();
});

interface Begun {
  readonly type: SagaType;
  readonly order_id: string;
  readonly saga_id: string;
}

/** An order on its way through a saga of that type. Its goods are its own: no other order waits for their row. */
async function begin(type: SagaType, customer_id: string): Promise<Begun> {
  if (type !== 'payment') {
    await stack.query(`INSERT INTO product VALUES ($1, 'Goods', 'goods', 1500, 'EUR', 1)`, customer_id);
    const order = { ...CHARGED_GOODS, product_sku: customer_id, customer_id };
    const { order_id } = await placeOrder(stack.service, order);
    return { type, order_id, saga_id: `${type}-${order_id}` };
  }
  const order = await placeOrder(stack.service, { customer_id });
  const payment_id = newClientId('pay');
  expect((await pay(stack.service, order, { payment_id, wait: 0 })).status).toBe(202);
  return { type, order_id: order.order_id, saga_id: `payment-${payment_id}` };
}

const untilWaiting = (held: readonly Gate[]) =>
  eventually(async () => expect(await gates.waiting()).toEqual(expect.arrayContaining([...held])), {
    deadlineMs: DEADLINE_MS,
  });

describe('a worker that is killed when all is written, and nothing committed', () => {
  it.each(kills)(
    '$title: is done once, by the next one',
    async ({ transactions, refuse, saga, orders }) => {
      const held = transactions.map((transaction) => {
        const customer_id = newClientId('cus');
        const gate: Gate = `${customer_id}/${transaction}`;
        return { gate, customer_id, type: transaction.split('/')[0] as SagaType };
      });
      const all = held.map(({ gate }) => gate);
      if (refuse) await armFault(stack.operator, refuse, 'refuse', REFUSALS);
      await gates.close(all);

      const begun: Begun[] = [];
      for (const type of sagaTypes) {
        const theirs = held.filter((one) => one.type === type);
        begun.push(...(await Promise.all(theirs.map(({ customer_id }) => begin(type, customer_id)))));
        await untilWaiting(theirs.map(({ gate }) => gate));
      }
      await untilWaiting(all);
      await stack.processes.kill('worker');
      await gates.abort();
      expect(await gates.passed()).toEqual([]);
      await gates.open();

      for (const { type, order_id, saga_id } of begun) {
        const read = async () => expect((await readSaga(stack.service, saga_id)).state).toBe(saga);
        await eventually(read, { deadlineMs: DEADLINE_MS });
        await untilStatus(stack.service, order_id, orders[type] ?? 'CANCELLED', DEADLINE_MS);
      }
      expect(await gates.passed()).toEqual(all);
      await stack.checker.holds(DEADLINE_MS);
    },
    3 * DEADLINE_MS,
  );
});
