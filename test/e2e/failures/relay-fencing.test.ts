import { countDuplicates } from '../../../testing/checker/topic-rules';
import { eventually, must } from '../../../testing/eventually';
import { armDelay } from '../../../testing/faults';
import { placeOrder } from '../../../testing/shop';
import { type AnotherWorker, startAnotherWorker } from '../../support/another-worker';
import { type E2eStack, startE2eStack } from '../../support/e2e-stack';
import { createRelayOwners, type RelayOwners } from '../../support/outbox/relay-owners';

/** One group, so that one worker owns all shards, and the other none. */
const env = { OUTBOX_SHARDS_PER_RELAY: '16' };
const ORDERS = 10;
/** Long enough to freeze a process in it. */
const FREEZE_WITHIN_MS = 3_000;
/** The second relay keeps what it claimed for this long, for the first one to wake up in. */
const CLAIMED_FOR_MS = 6_000;
const DEADLINE_MS = 30_000;

describe('a relay that is frozen past its heartbeat time-out, with a batch sent and not yet marked', () => {
  let stack: E2eStack;
  let owners: RelayOwners;
  let second: AnotherWorker;
  let frozenPid: number;
  beforeAll(async () => {
    stack = await startE2eStack({ env });
    owners = await createRelayOwners(stack, 1);
    await untilOwner(stack.processes.worker.pid);
    second = startAnotherWorker(stack, env);
  }, 90_000);
  afterAll(async () => {
    if (frozenPid) process.kill(frozenPid, 'SIGCONT');
    await second?.stop();
    await owners?.close();
    await stack?.stop();
  });

  const untilOwner = (pid: number): Promise<void> =>
    eventually(async () => expect(await owners.read()).toEqual([pid]), { deadlineMs: DEADLINE_MS, everyMs: 100 });
  const untilPassed = (point: string): Promise<void> =>
    eventually(
      async () => {
        const armed = await stack.query('SELECT FROM fault WHERE point = $1 AND times > 0', point);
        must(armed.length === 0, `nothing has come to ${point} yet`);
      },
      { deadlineMs: DEADLINE_MS, everyMs: 10 },
    );
  const waitingIds = async (): Promise<string[]> =>
    (await stack.query<{ id: string }>('SELECT id FROM outbox ORDER BY id')).map(({ id }) => id);
  const epochs = (): Promise<{ shard: number; epoch: string }[]> =>
    stack.query('SELECT shard, epoch FROM outbox_shard ORDER BY shard');
  const raised = (rows: readonly { shard: number; epoch: string }[]) =>
    rows.map(({ shard, epoch }) => ({ shard, epoch: String(Number(epoch) + 1) }));
  const fencedOff = (): readonly string[] => stack.log.filter((line) => line.includes('outbox.relay_fenced_off'));

  it('wakes up when another has its shards: it marks nothing, takes nothing back, and stops', async () => {
    const { service, operator } = stack;
    await placeOrder(service);
    await stack.checker.holds(DEADLINE_MS);
    const before = await epochs();
    await armDelay(operator, 'relay.after_send', FREEZE_WITHIN_MS);
    await Promise.all(Array.from({ length: ORDERS }, () => placeOrder(service)));
    await untilPassed('relay.after_send');
    frozenPid = stack.processes.worker.pid;
    process.kill(frozenPid, 'SIGSTOP');
    const sentAndNotMarked = await waitingIds();
    expect(sentAndNotMarked.length).toBeGreaterThan(0);

    await armDelay(operator, 'relay.before_send', CLAIMED_FOR_MS);
    await untilPassed('relay.before_send');
    expect(await owners.read()).toEqual([second.pid]);
    const taken = await epochs();
    expect(taken).toEqual(raised(before));
    const claimed = await waitingIds();
    expect(claimed).toEqual(expect.arrayContaining(sentAndNotMarked));

    process.kill(frozenPid, 'SIGCONT');
    await eventually(() => expect(fencedOff()).toHaveLength(1), { deadlineMs: CLAIMED_FOR_MS });
    expect(fencedOff()[0]).toMatch(/^worker /);
    expect(await waitingIds()).toEqual(claimed);

    const { messages } = await stack.checker.holds(DEADLINE_MS);
    expect(await epochs()).toEqual(taken);
    expect(await owners.read()).toEqual([second.pid]);
    expect(second.log.join('\n')).not.toContain('outbox.relay_fenced_off');
    // Sent by the first, not marked by it, so sent again by the second: those, and nothing else.
    const sentByFirst = countDuplicates(messages);
    expect(sentByFirst).toBeGreaterThan(0);
    expect(sentByFirst).toBeLessThanOrEqual(sentAndNotMarked.length);
  }, 120_000);
});
