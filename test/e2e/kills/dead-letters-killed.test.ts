import type { FaultPoint } from '../../../src/platform/faults';
import { eventually } from '../../../testing/eventually';
import { armFault, disarmFaults } from '../../../testing/faults';
import { pay, placeOrder, untilStatus } from '../../../testing/shop';
import { type E2eStack, startE2eStack } from '../../support/e2e-stack';
import { produce } from '../../support/kafka/consumer';
import { connectTestKafka } from '../../support/kafka/kafka';

const DEADLINE_MS = 90_000;
const within = { deadlineMs: DEADLINE_MS, everyMs: 200 };
const LETTERS = 200;
const reason = 'the cause is mended';

interface Letter {
  readonly id: string;
  readonly state: string;
}

let stack: E2eStack;
beforeEach(async () => (stack = await startE2eStack()), 60_000);
afterEach(() => stack?.stop(), 60_000);

const lettersOf = async (group: string, state: string): Promise<readonly Letter[]> =>
  (await stack.operator.call<{ data: Letter[] }>('GET', `/admin/dead-letters?group=${group}&state=${state}`)).body.data;

const openLetters = () =>
  stack.query(`SELECT id FROM dead_letter WHERE state NOT IN ('replayed', 'discarded') AND topic LIKE 'paysaga.%'`);

describe.each<FaultPoint>(['consumer.before_effect', 'consumer.after_commit'])(
  'A consumer that is killed at %s of a replay',
  (point) => {
    it(
      'applies the letter once all the same, when it is back',
      async () => {
        const { operator, service, query } = stack;
        await armFault(operator, 'consumer.before_effect', 'error', 10_000);
        const order = await placeOrder(service);
        expect((await pay(service, order)).status).toBe(200);
        const id = await eventually(async () => {
          const [letter] = await lettersOf('provisioning', 'dead');
          expect(letter).toBeDefined();
          return letter?.id ?? '';
        }, within);
        await disarmFaults(operator);

        await armFault(operator, point, 'crash');
        const { pid } = stack.processes.consumer;
        const { status, body } = await operator.call<Letter>('POST', `/admin/dead-letters/${id}/replay`, {
          json: { reason },
        });
        expect([status, body.id]).toEqual([200, id]);
        await eventually(() => expect(stack.processes.consumer.pid).not.toBe(pid), within);
        await eventually(async () => {
          const answer = await operator.call<Letter>('GET', `/admin/dead-letters/${id}`);
          expect(answer.body.state).toBe('replayed');
        }, within);
        await untilStatus(service, order.order_id, 'FULFILLED', DEADLINE_MS);
        expect(
          await query('SELECT count(*)::int AS n FROM service_provisioning WHERE order_id = $1', order.order_id),
        ).toEqual([{ n: 1 }]);

        // The other group's letters wait for nothing now.
        await operator.call('POST', '/admin/dead-letters/replay', { json: { filter: {}, reason } });
        await eventually(async () => expect(await openLetters()).toEqual([]), within);
        await stack.checker.holds(DEADLINE_MS);
      },
      3 * DEADLINE_MS,
    );
  },
);

it(
  'an API that is killed in the middle of discarding many: the repeat discards the rest, each is recorded once',
  async () => {
    const { operator, processes, query } = stack;
    const kafka = connectTestKafka();
    const messages = Array.from({ length: LETTERS }, (_, n) => ({ key: `bad_${n}`, value: 'not json', headers: {} }));
    await produce(kafka, 'paysaga.order', messages);
    const counts = (): Promise<{ state: string; n: number }[]> =>
      query(`SELECT state, count(*)::int AS n FROM dead_letter WHERE key LIKE 'bad_%' GROUP BY state`);
    await eventually(async () => expect(await counts()).toEqual([{ state: 'dead', n: LETTERS }]), within);

    const filter = { group: 'sales-projection', topic: 'paysaga.order' };
    const discard = () => operator.call('POST', '/admin/dead-letters/discard', { json: { filter, reason } });
    const cut = discard();
    cut.catch(() => undefined);
    await eventually(
      async () => expect((await counts()).find(({ state }) => state === 'discarded')?.n).toBeGreaterThan(0),
      { deadlineMs: DEADLINE_MS, everyMs: 5 },
    );
    await processes.kill('api');
    await expect(cut).rejects.toThrow();
    await operator.callUntilAnswered('GET', '/health/live', { deadlineMs: DEADLINE_MS });
    const left = (await counts()).find(({ state }) => state === 'dead')?.n ?? 0;
    expect(left).toBeGreaterThan(0);
    expect(await discard()).toMatchObject({ status: 200, body: { matched: left, discarded: left, failed: 0 } });
    expect(await counts()).toEqual([{ state: 'discarded', n: LETTERS }]);
    const acts = await query(
      `SELECT count(*)::int AS n, count(DISTINCT subject)::int AS letters FROM audit_log WHERE action = 'dead_letter.discard'`,
    );
    expect(acts).toEqual([{ n: LETTERS, letters: LETTERS }]);
  },
  3 * DEADLINE_MS,
);
