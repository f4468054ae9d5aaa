import { continueAsNew, proxyActivities, setCurrentDetails, sleep, workflowInfo } from '@temporalio/workflow';
import type { OutboxActivities } from '../activities';
import { type RelayInput, taskQueues } from '../src/contract';

/**
 * The heartbeat time-out is how long the lanes of a killed relay rest; their epoch fences a relay that
 * was only slow. It is retried without end: whatever fails, the outbox waits in Postgres.
 */
const { relayOutbox } = proxyActivities<OutboxActivities>({
  taskQueue: taskQueues.relay,
  startToCloseTimeout: '1 hour',
  heartbeatTimeout: '10s',
  retry: { initialInterval: '200ms', backoffCoefficient: 1 },
  summary: 'claim, send, mark',
});

/** An activity runs for minutes, so that is most of a day, and some hundred events. */
const RUNS_PER_HISTORY = 100;

/** Only a relay that is not of this workflow can take its lanes: two of them must not fight at full speed. */
const FENCED_OFF_PAUSE = '5s';

/** Keeps one activity relaying a group's lanes, for ever. One per group, by its workflow id. */
export async function outboxRelay(input: RelayInput): Promise<never> {
  let published = 0;
  for (let run = 0; run < RUNS_PER_HISTORY && !workflowInfo().continueAsNewSuggested; run += 1) {
    const report = await relayOutbox(input);
    published += report.published;
    if (report.fencedOff) await sleep(FENCED_OFF_PAUSE, { summary: 'another relay has these lanes' });
    setCurrentDetails(`Group ${input.group}: ${published} messages published in ${run + 1} finished runs.`);
  }
  return continueAsNew<typeof outboxRelay>(input);
}
