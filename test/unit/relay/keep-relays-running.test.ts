import { keepRelaysRunning, relayGroups } from '../../../src/outbox/ownership';
import type { TemporalClient } from '../../../src/platform/temporal/temporal';
import { silentLogger } from '../../support/logger';

it('starts the relays of all groups but the one that Temporal refuses', async () => {
  const stopping = new AbortController();
  const started: string[] = [];
  const start = async (_: string, { workflowId }: { workflowId: string }) => {
    if (workflowId === 'outbox-relay/0') throw new Error('INVALID_ARGUMENT');
    started.push(workflowId);
    if (started.length === relayGroups(4) - 1) stopping.abort();
  };
  const temporal = {
    client: { workflow: { start } },
    within: (_: number, calls: () => Promise<unknown>) => calls(),
  } as unknown as TemporalClient;

  await keepRelaysRunning({ temporal, shardsPerRelay: 4, logger: silentLogger, signal: stopping.signal });
  expect(relayGroups(4)).toBeGreaterThan(2);
  expect(started).toHaveLength(relayGroups(4) - 1);
});
