import { eventually } from '../../../testing/eventually';
import { placeOrder } from '../../../testing/shop';
import { startAnotherWorker, type AnotherWorker } from '../../support/another-worker';
import { type E2eStack, startE2eStack } from '../../support/e2e-stack';
import { createRelayOwners, type RelayOwners } from '../../support/outbox/relay-owners';

const GROUPS = 4;
const env = { OUTBOX_SHARDS_PER_RELAY: String(16 / GROUPS) };
/** An interval of 2 s, and the hand-over. */
const REBALANCE_MS = 10_000;
/** The heartbeat time-out is 10 s. */
const TAKEOVER_MS = 15_000;
const HANDOVER_MS = 5_000;
const ORDERS = 40;

describe('the shard groups', () => {
  let stack: E2eStack;
  let owners: RelayOwners;
  let second: AnotherWorker;
  beforeAll(async () => {
    stack = await startE2eStack({ env });
    owners = await createRelayOwners(stack, GROUPS);
    await untilCounts(GROUPS, 0);
  }, 60_000);
  afterAll(async () => {
    await second?.stop();
    await owners?.close();
    await stack?.stop();
  });

  const untilCounts = (first: number, other: number, deadlineMs = 30_000): Promise<void> =>
    eventually(
      async () => {
        const pids = await owners.read();
        const countOf = (pid: number): number => pids.filter((owner) => owner === pid).length;
        expect([countOf(stack.processes.worker.pid), second ? countOf(second.pid) : 0]).toEqual([first, other]);
      },
      { deadlineMs, everyMs: 100 },
    );
  /** Places orders in every shard, and waits until all their events are published. */
  const untilPublished = async (): Promise<void> => {
    await Promise.all(Array.from({ length: ORDERS }, () => placeOrder(stack.service)));
    await eventually(async () => expect(await stack.query('SELECT FROM outbox')).toHaveLength(0), {
      deadlineMs: TAKEOVER_MS,
    });
  };

  it('rebalance when a worker joins', async () => {
    second = startAnotherWorker(stack, env);
    await eventually(() => expect(second.log.join('\n')).toContain('worker.running'), { deadlineMs: 30_000 });
    await untilCounts(2, 2, REBALANCE_MS);
    await untilPublished();
    await untilCounts(2, 2);
  }, 60_000);

  it('go to the others when a worker is killed', async () => {
    await second.kill();
    await untilCounts(GROUPS, 0, TAKEOVER_MS);
    await untilPublished();
  }, 60_000);

  it('go over at once when a worker ends in good order', async () => {
    second = startAnotherWorker(stack, env);
    await untilCounts(2, 2, 30_000);
    const ended = second.kill('SIGTERM');
    await untilCounts(GROUPS, 0, HANDOVER_MS);
    await ended;
    await untilPublished();
    await stack.checker.holds(30_000);
  }, 60_000);
});
