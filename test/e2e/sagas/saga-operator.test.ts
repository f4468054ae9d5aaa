import { run } from '../../../dev/os/child';
import { fromRoot } from '../../../dev/os/files';
import { eventually } from '../../../testing/eventually';
import { armFault, disarmFaults } from '../../../testing/faults';
import {
  newClientId,
  type OrderResponse,
  pay,
  placeOrder,
  readBalance,
  readSaga,
  type SagaResponse,
  untilStatus,
} from '../../../testing/shop';
import { type E2eStack, startE2eStack } from '../../support/e2e-stack';

const ROUND = 8;
const DEADLINE_MS = 30_000;
const reason = 'the ledger was repaired by hand';

let stack: E2eStack;
beforeAll(async () => (stack = await startE2eStack()), 60_000);
afterAll(() => stack?.stop());
afterEach(() => disarmFaults(stack.operator));

/** A payment that is refused at its pivot, and whose credit cannot be reversed. */
async function stuckPayment() {
  const order = await placeOrder(stack.service);
  const payment_id = newClientId('pay');
  const saga_id = `payment-${payment_id}`;
  await armFault(stack.operator, 'payments.settle', 'refuse');
  await armFault(stack.operator, 'ledger.reverse_credit', 'error', 3 * ROUND);
  expect((await pay(stack.service, order, { payment_id, wait: 0 })).status).toBe(202);
  await until(saga_id, ({ state }) => state === 'stuck');
  return { order, payment_id, saga_id };
}

const until = (sagaId: string, wanted: (saga: SagaResponse) => boolean) =>
  eventually(
    async () => {
      const saga = await readSaga(stack.service, sagaId);
      expect([wanted(saga), saga]).toEqual([true, saga]);
      return saga;
    },
    { deadlineMs: DEADLINE_MS },
  );

/** The built program, as a shell runs it. */
function paysaga(...args: string[]) {
  const { databaseUrl, kafkaBrokers, temporalAddress } = stack.services;
  const addresses = { DATABASE_URL: databaseUrl, KAFKA_BROKERS: kafkaBrokers, TEMPORAL_ADDRESS: temporalAddress };
  const env = { ...process.env, ...addresses, TEMPORAL_NAMESPACE: stack.namespace };
  return run(process.execPath, [fromRoot('dist', 'src', 'cli.js'), 'sagas', ...args], { env });
}

const act = (path: string, body: object = { reason }, key?: string) =>
  stack.operator.call<SagaResponse>('POST', path, { json: body, ...(key && { headers: { 'idempotency-key': key } }) });
/** What is left when the API dies between Temporal's answer and its own. */
const forgetAnswer = (key: string) => stack.query('DELETE FROM idempotency_key WHERE key = $1 RETURNING key', key);
const actions = (sagaId: string) =>
  stack.query<{ action: string; reason: string; details: object }>(
    'SELECT action, reason, details FROM audit_log WHERE subject = ANY ($1) ORDER BY at',
    [sagaId],
  );
const stepOf = ({ steps }: SagaResponse, name: string) => steps.find((step) => step.name === name);
const repeat = (order: OrderResponse, payment_id: string) => pay(stack.service, order, { payment_id });

it('shows a stuck step with its attempts and error, and a retry compensates it', async () => {
  const { order, saga_id } = await stuckPayment();
  const stuck = await readSaga(stack.operator, saga_id);
  expect(stepOf(stuck, 'credit_balance')).toMatchObject({ state: 'undoing', error: expect.stringMatching(/.+/) });
  expect(stepOf(stuck, 'credit_balance')?.attempts).toBeGreaterThanOrEqual(ROUND);

  await disarmFaults(stack.operator);
  const answer = await act(`/sagas/${saga_id}/steps/credit_balance/retry`);
  expect(answer.status).toBe(200);
  const saga = await until(saga_id, ({ state }) => state === 'compensated');
  expect(stepOf(saga, 'credit_balance')?.state).toBe('undone');
  expect(await readBalance(stack.service, order.customer_id)).toBe(0);
  await eventually(async () => expect(await actions(saga_id)).toHaveLength(1), { deadlineMs: DEADLINE_MS });
  expect(await actions(saga_id)).toEqual([{ action: 'saga.retry', reason, details: { step: 'credit_balance' } }]);
});

it('skips a stuck step, records the decision, and ends the saga compensated', async () => {
  const { saga_id } = await stuckPayment();
  expect((await act(`/sagas/${saga_id}/steps/credit_balance/skip`)).status).toBe(200);
  const saga = await until(saga_id, ({ state }) => state === 'compensated');
  expect(stepOf(saga, 'credit_balance')?.state).toBe('skipped');
  expect(await actions(saga_id)).toEqual([{ action: 'saga.skip', reason, details: { step: 'credit_balance' } }]);
  const again = await act(`/sagas/${saga_id}/steps/credit_balance/skip`);
  expect([again.status, again.body]).toMatchObject([409, { code: 'step_not_stuck' }]);
});

it('returns the first response for a repeated decision, and decides once', async () => {
  const { saga_id } = await stuckPayment();
  await disarmFaults(stack.operator);
  const key = newClientId('key');
  const refused = await act(`/sagas/${saga_id}/steps/settle/retry`, { reason }, key);
  expect([refused.status, refused.body]).toMatchObject([409, { code: 'step_not_stuck' }]);

  const path = `/sagas/${saga_id}/steps/credit_balance/retry`;
  const answers = await Promise.all(Array.from({ length: 5 }, () => act(path, { reason }, key)));
  await until(saga_id, ({ state }) => state === 'compensated');
  for (const { status, text } of [...answers, await act(path, { reason }, key)]) {
    expect([status, text]).toEqual([200, answers[0]?.text]);
  }
  const other = await act(path, { reason: 'another one' }, key);
  expect([other.status, other.body]).toMatchObject([422, { code: 'idempotency_key_reused' }]);
  expect((await act(path)).status).toBe(409);
  await eventually(async () => expect(await actions(saga_id)).toHaveLength(1), { deadlineMs: DEADLINE_MS });
});

it('decides once even if the first response was not stored, during the saga and after it', async () => {
  const { saga_id } = await stuckPayment();
  const [again, end] = [newClientId('key'), newClientId('key')];
  const retry = () => act(`/sagas/${saga_id}/steps/credit_balance/retry`, { reason }, again);
  const skip = () => act(`/sagas/${saga_id}/steps/credit_balance/skip`, { reason }, end);

  expect((await retry()).status).toBe(200);
  expect(await forgetAnswer(again)).toHaveLength(1);
  expect(await retry()).toMatchObject({ status: 200, body: { state: 'stuck' } });

  // Its round is at work; a refusal is not kept.
  await eventually(async () => expect((await skip()).status).toBe(200), { deadlineMs: DEADLINE_MS });
  await until(saga_id, ({ state }) => state === 'compensated');
  for (const repeat of [skip, retry]) {
    await forgetAnswer(repeat === skip ? end : again);
    expect(await repeat()).toMatchObject({ status: 200, body: { state: 'compensated' } });
  }
  const fresh = await act(`/sagas/${saga_id}/steps/credit_balance/skip`, { reason }, newClientId('key'));
  expect([fresh.status, fresh.body]).toMatchObject([409, { code: 'step_not_stuck' }]);
  await eventually(
    async () => expect((await actions(saga_id)).map(({ action }) => action)).toEqual(['saga.retry', 'saga.skip']),
    { deadlineMs: DEADLINE_MS },
  );
});

it('restarts a compensated saga, and answers the payment by the newest saga', async () => {
  const order = await placeOrder(stack.service);
  const payment_id = newClientId('pay');
  const saga_id = `payment-${payment_id}`;
  await armFault(stack.operator, 'payments.settle', 'refuse');
  const refused = await repeat(order, payment_id);
  expect([refused.status, refused.body]).toMatchObject([409, { code: 'saga_compensated', saga_id }]);
  expect((await repeat(order, payment_id)).text).toContain('saga_compensated');

  const restarted = await act(`/sagas/${saga_id}/restart`);
  expect([restarted.status, restarted.body]).toMatchObject([202, { status: 'pending', saga_id: `${saga_id}-2` }]);
  await until(`${saga_id}-2`, ({ state }) => state === 'completed');
  expect(await repeat(order, payment_id)).toMatchObject({ status: 200, body: { saga_id: `${saga_id}-2` } });
  await untilStatus(stack.service, order.order_id, 'FULFILLED');
  expect(await readBalance(stack.service, order.customer_id)).toBe(order.amount);

  for (const id of [saga_id, `${saga_id}-2`]) {
    const answer = await act(`/sagas/${id}/restart`);
    expect([answer.status, answer.body]).toMatchObject([409, { code: 'saga_not_compensated' }]);
  }
  expect(await actions(saga_id)).toEqual([{ action: 'saga.restart', reason, details: { begun: `${saga_id}-2` } }]);
});

it('lists the attempts and the error of a failing step from Temporal', async () => {
  const order = await placeOrder(stack.service);
  const payment_id = newClientId('pay');
  await armFault(stack.operator, 'ledger.credit_balance', 'error', 3 * ROUND);
  expect((await pay(stack.service, order, { payment_id, wait: 0 })).status).toBe(202);
  await eventually(
    async () => {
      const { body } = await stack.operator.call<{ data: SagaResponse[] }>('GET', '/sagas?state=running&type=payment');
      const listed = body.data.find((saga) => saga.saga_id === `payment-${payment_id}`);
      expect(listed?.steps.map(({ name }) => name)).toEqual(['close_invoice', 'credit_balance', 'settle']);
      expect(listed?.steps[1]).toMatchObject({ state: 'running', error: expect.stringMatching(/.+/) });
      expect(listed?.steps[1]?.attempts).toBeGreaterThan(1);
    },
    { deadlineMs: DEADLINE_MS },
  );
  const { output } = await paysaga('ls', '--state', 'running', '--type', 'payment');
  expect(output).toMatch(
    new RegExp(`^payment-${payment_id} +payment +running +1 of 3 +credit_balance +\\d+ +\\S`, 'm'),
  );
  await disarmFaults(stack.operator);
  await until(`payment-${payment_id}`, ({ state }) => state === 'completed');
});

it('retries, skips and restarts from the command line', async () => {
  const { payment_id, saga_id } = await stuckPayment();
  expect(await paysaga('ls', '--state', 'stuck')).toMatchObject({ code: 0, output: expect.stringContaining(saga_id) });
  const shown = await paysaga('show', saga_id);
  expect(shown.output).toMatch(/^credit_balance +undoing +\d+ /m);

  const skipped = await paysaga('skip', saga_id, 'credit_balance', '--reason', reason, '--actor', 'ann');
  expect(skipped).toMatchObject({ code: 0 });
  await until(saga_id, ({ state }) => state === 'compensated');
  const again = await paysaga('retry', saga_id, 'credit_balance', '--reason', reason);
  expect(again).toEqual({ code: 1, output: expect.stringMatching(/^step_not_stuck: /) });

  const restarted = await paysaga('restart', saga_id, '--reason', reason, '--json');
  expect(JSON.parse(restarted.output)).toEqual({ status: 'pending', saga_id: `payment-${payment_id}-2` });
  await until(`${saga_id}-2`, ({ state }) => state === 'completed');
  const actors = await stack.query('SELECT action, actor FROM audit_log WHERE subject = $1 ORDER BY at', saga_id);
  expect(actors[0]).toEqual({ action: 'saga.skip', actor: 'cli/ann' });
});

it.each(['steps/settle/retry', 'steps/settle/skip', 'restart'])(
  '%s: needs an operator, a reason and a saga',
  async (path) => {
    const unknown = await act(`/sagas/payment-nobody/${path}`);
    expect([unknown.status, unknown.body]).toMatchObject([404, { code: 'saga_not_found' }]);
    const silent = await act(`/sagas/payment-nobody/${path}`, {});
    expect([silent.status, silent.body]).toMatchObject([422, { code: 'validation_failed' }]);
    const { status } = await stack.service.call('POST', `/sagas/payment-nobody/${path}`, { json: { reason } });
    expect(status).toBe(403);
  },
);

it('leaves a balanced ledger, except for the credit whose reversal was skipped', async () => {
  const [{ sum } = { sum: null }] = await stack.query<{ sum: string }>('SELECT sum(amount)::text FROM ledger_entry');
  expect(sum).toBe('0');
});
