import { Client, Connection } from '@temporalio/client';
import Long from 'long';
import { eventually, must } from '../../../dev/client/eventually';
import { armDelay, armFault, disarmFaults } from '../../../dev/client/faults';
import { CHARGED_GOODS, newClientId, pay, placeOrder, readOrder, readSaga } from '../../../dev/client/shop';
import type { SagaView } from '../../../dev/client/views';
import { type E2eStack, startE2eStack } from '../../support/e2e-stack';

/** Found within a minute, and a rerun is done in seconds. */
const DEADLINE_MS = 75_000;
const MANY = 1_000;

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

const untilSaga = (saga_id: string, wanted: (saga: SagaView) => boolean): Promise<SagaView> =>
  eventually(
    async () => {
      const saga = await readSaga(stack.service, saga_id);
      must(wanted(saga), `${saga_id} is ${JSON.stringify(saga)}`);
      return saga;
    },
    { deadlineMs: DEADLINE_MS, everyMs: 200 },
  );
const stepIs =
  (name: string, state: string) =>
  ({ steps }: SagaView): boolean =>
    steps.some((step) => step.name === name && step.state === state);

const terminate = (saga_id: string) => temporal.workflow.getHandle(saga_id).terminate('a test');
const forget = async (saga_id: string) => {
  await connection.workflowService.deleteWorkflowExecution({
    namespace: stack.namespace,
    workflowExecution: { workflowId: saga_id },
  });
};
const reruns = async (saga_id: string): Promise<number | undefined> =>
  (await stack.query<{ reruns: number }>('SELECT reruns FROM saga WHERE saga_id = $1', saga_id))[0]?.reruns;

describe('a saga whose workflow is gone begins again, and', () => {
  it.each([
    ['terminated', terminate],
    ['deleted', forget],
  ] as const)(
    '%s on its way forward, it completes',
    async (_, end) => {
      await armDelay(stack.operator, 'ledger.credit_balance', 8_000, 1);
      const { order_id, saga_id } = await acceptPayment();
      await untilSaga(saga_id, stepIs('close_invoice', 'done'));
      await end(saga_id);
      await untilSaga(saga_id, ({ state }) => state === 'completed');
      expect((await readOrder(stack.service, order_id)).status).toMatch(/^(PAID|FULFILLED)$/);
      expect(await reruns(saga_id)).toBe(1);
    },
    2 * DEADLINE_MS,
  );

  it(
    'terminated while it is undone, it undoes the rest',
    async () => {
      await armFault(stack.operator, 'payments.settle', 'refuse', 1);
      await armFault(stack.operator, 'payments.refund', 'error', MANY);
      const { order_id, saga_id } = await placeCharged();
      await untilSaga(saga_id, ({ state }) => state === 'stuck');
      await terminate(saga_id);
      await disarmFaults(stack.operator);
      const { steps } = await untilSaga(saga_id, ({ state }) => state === 'compensated');
      expect(steps.slice(0, 4).map(({ state }) => state)).toEqual(['undone', 'undone', 'undone', 'undone']);
      expect((await readOrder(stack.service, order_id)).status).toBe('CANCELLED');
      expect((await stack.service.call('GET', `/sagas/${saga_id}`)).text).not.toContain('step_undone');
    },
    2 * DEADLINE_MS,
  );

  it(
    'lost while its order is cancelled, it gives the money and the goods back',
    async () => {
      await armDelay(stack.operator, 'ledger.credit_balance', 8_000, 1);
      const { order_id, saga_id } = await placeCharged();
      await untilSaga(saga_id, stepIs('close_invoice', 'done'));
      await terminate(saga_id);
      expect((await stack.service.call('POST', `/orders/${order_id}/cancel`, { json: {} })).status).toBe(200);
      await untilSaga(saga_id, ({ state }) => state === 'compensated');
      expect((await readOrder(stack.service, order_id)).status).toBe('CANCELLED');
    },
    2 * DEADLINE_MS,
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
    await untilSaga(saga_id, (saga) => saga.steps.filter(({ state }) => state === 'undoing').length === 2);
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
