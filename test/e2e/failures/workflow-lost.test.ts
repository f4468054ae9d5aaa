import { Client, Connection } from '@temporalio/client';
import Long from 'long';
import { wait } from '../../../src/platform/timing';
import { eventually, must } from '../../../testing/eventually';
import { armDelay, armFault, disarmFaults } from '../../../testing/faults';
import {
  CHARGED_GOODS,
  newClientId,
  pay,
  placeOrder,
  readOrder,
  readSaga,
  type SagaResponse,
  untilStatus,
} from '../../../testing/shop';
import { type E2eStack, startE2eStack } from '../../support/e2e-stack';

/** Found within a minute, and a rerun is done in seconds. */
const DEADLINE_MS = 75_000;
const MANY = 1_000;
/** Longer than a worker goes on with a workflow that Temporal has lost: it asks every 4 s. */
const GHOST_MS = 8_000;

let stack: E2eStack;
let connection: Connection;
let temporal: Client;
beforeAll(async () => {
  stack = await startE2eStack();
  connection = await Connection.connect({ address: stack.services.temporalAddress });
  temporal = new Client({ connection, namespace: stack.namespace });
}, 60_000);
afterEach(() => disarmFaults(stack.operator));
afterAll(async () => {
  await connection?.close();
  await stack?.stop();
});

async function acceptPayment(): Promise<{ order_id: string; saga_id: string }> {
  const order = await placeOrder(stack.service);
  const { status, body } = await pay(stack.service, order, { payment_id: newClientId('pay'), wait: 0 });
  expect(status).toBe(202);
  return { order_id: order.order_id, saga_id: body.saga_id };
}

async function placeCharged(): Promise<{ order_id: string; saga_id: string }> {
  const { order_id } = await placeOrder(stack.service, CHARGED_GOODS);
  return { order_id, saga_id: `order-${order_id}` };
}

/** As the database has it: to ask the workflow of a saga that is lost would let its SDK do local activities. */
async function recorded(saga_id: string): Promise<Pick<SagaResponse, 'state' | 'steps'>> {
  const [row] = await stack.query<Pick<SagaResponse, 'state' | 'steps'>>(
    `SELECT saga.state, coalesce(json_agg(json_build_object('name', name, 'state', step.state) ORDER BY begun)
       FILTER (WHERE name IS NOT NULL), '[]') AS steps
     FROM saga LEFT JOIN (SELECT saga_id, name, state, started_at AS begun FROM saga_step) step USING (saga_id)
     WHERE saga_id = $1 GROUP BY saga.saga_id`,
    saga_id,
  );
  must(row !== undefined, `there is no saga ${saga_id}`);
  return row;
}

type Recorded = Awaited<ReturnType<typeof recorded>>;

const untilSaga = (saga_id: string, wanted: (saga: Recorded) => boolean): Promise<Recorded> =>
  eventually(
    async () => {
      const saga = await recorded(saga_id);
      must(wanted(saga), `${saga_id} is ${JSON.stringify(saga)}`);
      return saga;
    },
    { deadlineMs: DEADLINE_MS, everyMs: 200 },
  );
const stepIs =
  (name: string, state: string) =>
  ({ steps }: Recorded): boolean =>
    steps.some((step) => step.name === name && step.state === state);

const terminate = async (saga_id: string): Promise<void> => {
  await temporal.workflow.getHandle(saga_id).terminate('a test');
};
const forget = async (saga_id: string) => {
  await connection.workflowService.deleteWorkflowExecution({
    namespace: stack.namespace,
    workflowExecution: { workflowId: saga_id },
  });
};
const reruns = async (saga_id: string): Promise<number | undefined> =>
  (await stack.query<{ reruns: number }>('SELECT reruns FROM saga WHERE saga_id = $1', saga_id))[0]?.reruns;

describe('a saga whose workflow is gone begins again, and', () => {
  type Lost = Awaited<ReturnType<typeof acceptPayment>>;
  let forward: { readonly terminated: Lost; readonly deleted: Lost };
  let halfUndone: Lost;
  let cancelled: Lost;
  beforeAll(async () => {
    // First, while nobody else could take its faults.
    halfUndone = await lostHalfUndone();
    // For each try of each of them, as long as the worker may go on with what Temporal has lost.
    await armDelay(stack.operator, 'ledger.credit_balance', GHOST_MS, MANY);
    forward = { terminated: await lostForward(terminate), deleted: await lostForward(forget) };
    cancelled = await lostForward(terminate, placeCharged);
    await wait(GHOST_MS);
    await disarmFaults(stack.operator);
    expect((await stack.service.call('POST', `/orders/${cancelled.order_id}/cancel`, { json: {} })).status).toBe(200);
  }, 2 * DEADLINE_MS);

  async function lostForward(lose: typeof terminate, begin = acceptPayment): Promise<Lost> {
    const saga = await begin();
    await untilSaga(saga.saga_id, stepIs('close_invoice', 'done'));
    await lose(saga.saga_id);
    return saga;
  }

  async function lostHalfUndone(): Promise<Lost> {
    await armFault(stack.operator, 'payments.settle', 'refuse', 1);
    await armFault(stack.operator, 'payments.refund', 'error', MANY);
    const saga = await placeCharged();
    await untilSaga(saga.saga_id, ({ state }) => state === 'stuck');
    await terminate(saga.saga_id);
    await disarmFaults(stack.operator);
    return saga;
  }

  it.each(['terminated', 'deleted'] as const)(
    '%s on its way forward, it completes',
    async (how) => {
      const { order_id, saga_id } = forward[how];
      await untilSaga(saga_id, ({ state }) => state === 'completed');
      expect((await readOrder(stack.service, order_id)).status).toMatch(/^(PAID|FULFILLED)$/);
      expect(await reruns(saga_id)).toBe(1);
    },
    DEADLINE_MS,
  );

  it(
    'terminated while it is undone, it undoes the rest, and its first failure stays',
    async () => {
      const { order_id, saga_id } = halfUndone;
      const { steps } = await untilSaga(saga_id, ({ state }) => state === 'compensated');
      expect(steps.slice(0, 4).map(({ state }) => state)).toEqual(['undone', 'undone', 'undone', 'undone']);
      await untilStatus(stack.service, order_id, 'CANCELLED');
      expect((await stack.service.call('GET', `/sagas/${saga_id}`)).text).not.toContain('step_undone');
    },
    DEADLINE_MS,
  );

  it(
    'lost while its order is cancelled, it gives the money and the goods back',
    async () => {
      const { order_id, saga_id } = cancelled;
      await untilSaga(saga_id, ({ state }) => state === 'compensated');
      await untilStatus(stack.service, order_id, 'CANCELLED');
    },
    DEADLINE_MS,
  );
});

it(
  'a workflow that is reset after it was undone in part is undone whole, and never paid',
  async () => {
    await armFault(stack.operator, 'payments.settle', 'refuse', 1);
    await armFault(stack.operator, 'billing.reopen_invoice', 'error', MANY);
    const { order_id, saga_id } = await acceptPayment();
    await untilSaga(saga_id, (saga) => saga.state === 'stuck' && stepIs('credit_balance', 'undone')(saga));
    await disarmFaults(stack.operator);
    await connection.workflowService.resetWorkflowExecution({
      namespace: stack.namespace,
      workflowExecution: { workflowId: saga_id },
      workflowTaskFinishEventId: Long.fromNumber(4),
      requestId: newClientId('reset'),
      reason: 'a test',
    });
    await untilSaga(saga_id, ({ state }) => state === 'compensated');
    expect((await readOrder(stack.service, order_id)).status).toBe('PENDING_PAYMENT');
  },
  2 * DEADLINE_MS,
);

it(
  'after all of this the books are right',
  async () => {
    await stack.checker.holds(DEADLINE_MS);
  },
  2 * DEADLINE_MS,
);

// Last: what was skipped is for the operator to mend, and the books show it until then.
it(
  'a step that an operator skipped before is not undone',
  async () => {
    await armFault(stack.operator, 'payments.settle', 'refuse', 1);
    await armFault(stack.operator, 'ledger.reverse_credit', 'error', MANY);
    await armFault(stack.operator, 'billing.reopen_invoice', 'error', MANY);
    const { saga_id } = await acceptPayment();
    await untilSaga(saga_id, ({ state }) => state === 'stuck');
    const skip = { json: { reason: 'reversed by hand' } };
    await eventually(
      async () => {
        const { status } = await stack.operator.call('POST', `/sagas/${saga_id}/steps/credit_balance/skip`, skip);
        must(status === 200, `skip answered ${status}`);
      },
      { deadlineMs: DEADLINE_MS },
    );
    await untilSaga(saga_id, stepIs('credit_balance', 'skipped'));
    await terminate(saga_id);
    await disarmFaults(stack.operator);
    await untilSaga(saga_id, ({ state }) => state === 'compensated');
    const reversed = `SELECT FROM ledger_transaction WHERE reference = $1 AND kind = 'payment_credit_reversal'`;
    expect(await stack.query(reversed, saga_id)).toEqual([]);
    expect(stepIs('credit_balance', 'skipped')(await readSaga(stack.service, saga_id))).toBe(true);
  },
  2 * DEADLINE_MS,
);
