import { continueAsNew, proxyActivities, setCurrentDetails, sleep, workflowInfo } from '@temporalio/workflow';
import type { OutboxActivities } from '../activities';
import { type RelayInput, taskQueues } from '../src/contract';

/**
 * The heartbeat time-out is how long the shards of a killed relay rest. The epoch fences off a relay that was only
 * slow. Retries have no end: whatever fails, the outbox waits in Postgres.
 */
const { relayOutbox } = proxyActivities<OutboxActivities>({
  taskQueue: taskQueues.relay,
  startToCloseTimeout: '1 hour',
  heartbeatTimeout: '10s',
  retry: { initialInterval: '200ms', backoffCoefficient: 1 },
  summary: 'claim, send, mark',
});

/** An activity runs for minutes, so this is most of a day and some hundred events. */
const RUNS_PER_HISTORY = 100;

/** Only a relay outside this workflow can take the shards. The pause keeps the two from a fight at full speed. */
const FENCED_OFF_PAUSE = '5s';

/**
 * Keeps one activity running that relays the shards of a group, without end. The workflow id makes it one per group.
 */
export async function outboxRelay(input: RelayInput): Promise<never> {
  let published = 0;
  for (let run = 0; run < RUNS_PER_HISTORY && !workflowInfo().continueAsNewSuggested; run += 1) {
    const report = await relayOutbox(input);
    published += report.published;
    if (report.fencedOff) await sleep(FENCED_OFF_PAUSE, { summary: 'another relay has these shards' });
    setCurrentDetails(`Group ${input.group}: ${published} messages published in ${run + 1} finished runs.`);
  }
  return continueAsNew<typeof outboxRelay>(input);
}
