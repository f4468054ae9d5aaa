import { run } from '../../../dev/os/child';
import { fromRoot } from '../../../dev/os/files';
import { createApplication } from '../../../src/application';
import { connectDatabase } from '../../../src/platform/database/database';
import { getSaga, noProgress } from '../../../src/sagas/queries';
import { eventually } from '../../../testing/eventually';
import { armDelay, armFault, disarmFaults } from '../../../testing/faults';
import { newClientId, pay, placeOrder, readSaga, type SagaResponse } from '../../../testing/shop';
import { type E2eStack, startE2eStack } from '../../support/e2e-stack';
import { silentLogger } from '../../support/logger';

const ROUND = 8;
const DEADLINE_MS = 60_000;
/** Each look starts the program twice. */
const TEST_MS = 180_000;
const UI_URL = 'http://temporal.test:8233';

let stack: E2eStack;
jest.setTimeout(TEST_MS);
beforeAll(async () => (stack = await startE2eStack({ env: { TEMPORAL_UI_URL: UI_URL } })), 60_000);
afterAll(() => stack?.stop());
afterEach(() => disarmFaults(stack.operator));

/** The built program, as a shell runs it. */
async function paysaga(...args: string[]): Promise<string> {
  const { databaseUrl, kafkaBrokers, temporalAddress } = stack.services;
  const addresses = { DATABASE_URL: databaseUrl, KAFKA_BROKERS: kafkaBrokers, TEMPORAL_ADDRESS: temporalAddress };
  const env = { ...process.env, ...addresses, TEMPORAL_NAMESPACE: stack.namespace, TEMPORAL_UI_URL: UI_URL };
  const { code, output } = await run(process.execPath, [fromRoot('dist', 'src', 'cli.js'), ...args], { env });
  expect([code, output]).toEqual([0, output]);
  return output;
}

type Page = { readonly data: readonly SagaResponse[] };
const find = ({ data }: Page, sagaId: string) => data.find(({ saga_id }) => saga_id === sagaId);

/** The four views of a saga, by name, of nearly the same moment. */
async function views(sagaId: string): Promise<Record<string, SagaResponse | undefined>> {
  const [show, ls] = await Promise.all([paysaga('sagas', 'show', sagaId, '--json'), paysaga('sagas', 'ls', '--json')]);
  const [route, listed] = await Promise.all([
    readSaga(stack.operator, sagaId),
    stack.operator.call<Page>('GET', '/sagas?limit=200'),
  ]);
  const list = find(listed.body, sagaId);
  return { route, list, show: JSON.parse(show) as SagaResponse, ls: find(JSON.parse(ls) as Page, sagaId) };
}

/** Waits until the route shows the saga as wanted. */
const shown = (sagaId: string, wanted: object): Promise<void> =>
  eventually(async () => expect(await readSaga(stack.operator, sagaId)).toMatchObject(wanted), {
    deadlineMs: DEADLINE_MS,
  });

/** Waits until the saga is as wanted in all views. @returns what they agree on */
async function agreed(sagaId: string, wanted: object): Promise<SagaResponse> {
  await shown(sagaId, wanted);
  return eventually(
    async () => {
      const { route, ...others } = await views(sagaId);
      expect(route).toMatchObject(wanted);
      for (const [name, view] of Object.entries(others)) expect([name, view]).toEqual([name, route]);
      return route as SagaResponse;
    },
    { deadlineMs: DEADLINE_MS },
  );
}

/** What the rows alone say, as while Temporal is away. */
async function storedView(sagaId: string): Promise<SagaResponse> {
  const database = connectDatabase({
    url: stack.services.databaseUrl,
    applicationName: 'paysaga-test',
    logger: silentLogger,
  });
  try {
    const workflowUrl = (id: string) => `${UI_URL}/namespaces/${stack.namespace}/workflows/${id}`;
    const app = createApplication({ database, logger: silentLogger, sagaProgress: noProgress, workflowUrl });
    return await app.send(getSaga({ saga_id: sagaId }));
  } finally {
    await database.$disconnect();
  }
}

const stepOf = ({ steps }: SagaResponse, name: string) => steps.find((step) => step.name === name);

async function begin(): Promise<string> {
  const payment_id = newClientId('pay');
  const { status } = await pay(stack.service, await placeOrder(stack.service), { payment_id, wait: 0 });
  expect(status).toBe(202);
  return `payment-${payment_id}`;
}

it('route, list and command line agree on a running and on a completed saga', async () => {
  // Each attempt takes its 5 s, and is given up.
  await armDelay(stack.operator, 'ledger.credit_balance', 60_000, 100);
  const sagaId = await begin();
  const running = await agreed(sagaId, { state: 'running', steps_done: 1, steps_total: 3 });
  expect(running.steps.map(({ name, state, phase }) => [name, state, phase])).toEqual([
    ['close_invoice', 'done', 'execute'],
    ['credit_balance', 'running', 'execute'],
    ['settle', 'pending', null],
  ]);
  await disarmFaults(stack.operator);
  const completed = await agreed(sagaId, { state: 'completed', steps_done: 3, steps_total: 3 });
  expect(completed).toEqual(await storedView(sagaId));
});

it('all responses, and the rows alone, agree on a stuck step, before and after its repair', async () => {
  await armFault(stack.operator, 'payments.settle', 'refuse');
  await armFault(stack.operator, 'ledger.reverse_credit', 'error', 3 * ROUND);
  const sagaId = await begin();
  const isStuck = { state: 'stuck', steps: [{ state: 'undone' }, { state: 'undoing', attempts: ROUND }, {}] };
  const stuck = await agreed(sagaId, isStuck);
  const step = stepOf(stuck, 'credit_balance');
  const next = step?.stuck?.next_attempt_at ?? '';
  expect(step).toMatchObject({ phase: 'compensate', error: expect.stringMatching(/.+/), ended_at: null });
  expect(step?.stuck?.command).toBe(`paysaga sagas retry ${sagaId} credit_balance --reason "…"`);
  expect(Date.parse(next) - Date.now()).toBeGreaterThan(60_000);
  expect(Date.parse(next) - Date.now()).toBeLessThanOrEqual(5 * 60_000);
  expect(stuck.workflow_url).toContain(UI_URL);
  await eventually(async () => expect(await storedView(sagaId)).toEqual(stuck), { deadlineMs: DEADLINE_MS });

  const text = await paysaga('sagas', 'show', sagaId);
  for (const part of [stuck.workflow_url, `The next attempt is at ${next}.`, step?.stuck?.command]) {
    expect(text).toContain(part);
  }
  expect(await paysaga('sagas', 'ls', '--state', 'stuck')).toMatch(
    new RegExp(`^${sagaId} +payment +stuck +0 of 3 +credit_balance +${ROUND} +${next} +\\S`, 'm'),
  );
  expect(await paysaga('diagram', '--saga', sagaId, '--kind', 'state')).toMatch(
    new RegExp(`^ {4}undo_credit_balance --> undo_credit_balance: stuck, attempts ${ROUND}, `, 'm'),
  );

  await disarmFaults(stack.operator);
  await paysaga('sagas', 'retry', sagaId, 'credit_balance', '--reason', 'The ledger is repaired.');
  const repaired = await agreed(sagaId, { state: 'compensated' });
  expect(repaired).toEqual(await storedView(sagaId));
  expect(stepOf(repaired, 'credit_balance')).toMatchObject({
    state: 'undone',
    phase: 'compensate',
    attempts: ROUND + 1,
    error: step?.error,
    stuck: null,
  });
  const drawn = await paysaga('diagram', '--saga', sagaId);
  expect(drawn.match(/^ +\w+-(?:-|>)[>x]+\w+: .+$/gm)?.map((line) => line.trim())).toEqual([
    'saga->>close_invoice: closeInvoice',
    'close_invoice-->>saga: done',
    'saga->>credit_balance: creditBalance',
    'credit_balance-->>saga: done',
    'saga->>settle: settlePayment',
    expect.stringMatching(/^settle--xsaga: failed, \S/),
    'saga->>credit_balance: reverseCredit',
    `credit_balance-->>saga: undone after ${ROUND + 1} attempts`,
    'saga->>close_invoice: reopenInvoice',
    'close_invoice-->>saga: undone',
  ]);
});

it('records each failed round, and does not count follow-ups as done steps', async () => {
  await armFault(stack.operator, 'ledger.reverse_credit', 'error', 100);
  const order = await placeOrder(stack.service, {
    product_sku: 'unshippable',
    amount: 2_500,
    collection_method: 'charge_automatically',
    payment_method: 'pm_ok',
  });
  const sagaId = `shipment-${order.order_id}`;
  const stuckAfter = (attempts: number) => ({
    state: 'stuck',
    steps_total: 3,
    steps: [
      { follow_up: false },
      { follow_up: false },
      { follow_up: false },
      { name: 'reverse_credit', follow_up: true, state: 'running', phase: 'execute', attempts },
      { name: 'refund_payment', follow_up: true, state: 'pending' },
    ],
  });
  await shown(sagaId, stuckAfter(ROUND));
  await paysaga('sagas', 'retry', sagaId, 'reverse_credit', '--reason', 'Perhaps now.');
  const stuck = await agreed(sagaId, stuckAfter(2 * ROUND));
  await eventually(
    async () => {
      const { steps } = await storedView(sagaId);
      expect(steps[3]).toEqual(stuck.steps[3]);
    },
    { deadlineMs: DEADLINE_MS },
  );

  await disarmFaults(stack.operator);
  await paysaga('sagas', 'retry', sagaId, 'reverse_credit', '--reason', 'The ledger is repaired.');
  const ended = await agreed(sagaId, { state: 'compensated', steps_done: 0, steps_total: 3 });
  expect(ended.steps[3]).toMatchObject({ state: 'done', attempts: 2 * ROUND + 1, error: null, stuck: null });
});
