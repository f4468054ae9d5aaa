import { continueAsNew, proxyActivities, setCurrentDetails, sleep, workflowInfo } from '@temporalio/workflow';
import type { OutboxActivities } from '../activities';
import { type RelayInput, taskQueues } from '../src/temporal-contract';

/**
 * After the heartbeat time-out another worker relays the shards of a killed relay. Their epoch fences a relay that was
 * only slow. The activity is retried without end.
 */
const { relayOutbox } = proxyActivities<OutboxActivities>({
  taskQueue: taskQueues.relay,
  startToCloseTimeout: '1 hour',
  heartbeatTimeout: '10s',
  retry: { initialInterval: '200ms', backoffCoefficient: 1 },
  summary: 'claim, send, mark',
});

/** An activity runs for minutes, so a history covers most of a day and has a few hundred events. */
const RUNS_PER_HISTORY = 100;

/** Another relay has taken the shards. The pause keeps the two from taking them from each other all the time. */
const FENCED_OFF_PAUSE = '5s';

/** Runs one relay activity after the other for a group of shards, without end. There is one workflow per group. */
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
