import { Client } from 'pg';
import { eventually } from '../../../dev/client/eventually';
import { armDelay, disarmFaults } from '../../../dev/client/faults';
import { CHARGED_GOODS, placeOrder, untilStatus } from '../../../dev/client/shop';
import type { OrderView } from '../../../dev/client/views';
import type { ActivityFaultPoint } from '../../../src/platform/faults/faults';
import { type E2eStack, startE2eStack } from '../../support/e2e-stack';

const DEADLINE_MS = 60_000;
/** Long enough to take the order's row before the step does. */
const BEFORE_MS = 1_500;

let stack: E2eStack;
jest.setTimeout(2 * DEADLINE_MS);
beforeAll(async () => (stack = await startE2eStack()));
afterAll(() => stack?.stop());
afterEach(async () => {
  await disarmFaults(stack.operator);
  await stack.checker.holds(DEADLINE_MS);
});

/** Waits until a transaction of the worker is open and waits for a row that somebody else has. */
const untilWaiting = () =>
  eventually(
    async () => {
      const waiting = await stack.query(
        `SELECT pid FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'paysaga-worker' AND wait_event_type = 'Lock'`,
      );
      expect(waiting).not.toEqual([]);
    },
    { deadlineMs: DEADLINE_MS, everyMs: 20 },
  );

/** Holds the order's row from when the step comes to its point until its transaction has died with the worker. */
async function killDuring(point: ActivityFaultPoint): Promise<OrderView> {
  const holder = new Client({ connectionString: stack.services.databaseUrl });
  await holder.connect();
  try {
    await armDelay(stack.operator, point, BEFORE_MS);
    const placed = await placeOrder(stack.service, CHARGED_GOODS);
    await eventually(async () => expect(await stack.query('SELECT FROM fault WHERE times > 0')).toEqual([]), {
      deadlineMs: DEADLINE_MS,
      everyMs: 10,
    });
    await holder.query('BEGIN');
    await holder.query('SELECT FROM orders WHERE order_id = $1 FOR UPDATE', [placed.order_id]);
    await untilWaiting();
    await stack.processes.kill('worker');
    await holder.query('ROLLBACK');
    return placed;
  } finally {
    await holder.end();
  }
}

describe('a worker that is killed during a step’s transaction', () => {
  it.each<ActivityFaultPoint>([
    'inventory.reserve',
    'payments.charge',
    'billing.close_invoice',
    'payments.settle',
    'shipping.allocate',
    'shipping.dispatch',
  ])('%s: the step is done once, by the next one', async (point) => {
    const { order_id } = await killDuring(point);
    await untilStatus(stack.service, order_id, 'FULFILLED', DEADLINE_MS);
  });
});
