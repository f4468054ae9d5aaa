import { ApplicationFailure, Context } from '@temporalio/activity';
import type { RelayInput } from '../src/contract';
import { LANES } from '../src/outbox/lane';
import type { Listener } from '../src/outbox/wake-up/listener';
import { createHeldRelays, type HeldRelays } from '../src/outbox/spread/held-relays';
import { type RelayOptions, type RelayResult, runRelay } from '../src/outbox/relay/relay';

export interface OutboxActivitiesOptions extends Pick<
  RelayOptions,
  'database' | 'kafka' | 'registry' | 'config' | 'cloudEventsMode' | 'logger' | 'faults' | 'metrics'
> {
  /** Without it, new rows are found by the poll. */
  readonly listener?: Listener;
  /** Without it, its groups stay where they are. */
  readonly held?: HeldRelays;
}

/** Long, so that the workflow's history hardly grows. */
const RUN_FOR_MS = 10 * 60_000;

export const createOutboxActivities = ({ held = createHeldRelays(), ...options }: OutboxActivitiesOptions) => ({
  /**
   * Relays the group's lanes for minutes. Told to stop (the worker shuts down, the workflow is
   * cancelled, the heartbeat was missed, another worker is to have the group), it finishes the batch in
   * flight and returns normally.
   *
   * @throws ApplicationFailure non-retryable for a group that this deployment does not have
   */
  async relayOutbox({ group }: RelayInput): Promise<RelayResult> {
    const context = Context.current();
    const lanes = lanesOf(group, options.config.lanesPerRelay);
    if (lanes.length === 0) {
      const message = `There is no relay group ${group} with ${options.config.lanesPerRelay} lanes per relay.`;
      throw ApplicationFailure.create({ type: 'relay_group_unknown', message, nonRetryable: true, category: 'BENIGN' });
    }
    const wakeUp = options.listener?.wakeUpFor(lanes);
    return held.hold((giveBack) =>
      runRelay({
        ...options,
        ...(wakeUp && { wakeUp }),
        lanes,
        signal: AbortSignal.any([context.cancellationSignal, giveBack]),
        runForMs: RUN_FOR_MS,
        heartbeat: () => context.heartbeat(),
      }),
    );
  },
});

const lanesOf = (group: number, lanesPerRelay: number): number[] =>
  Array.from({ length: lanesPerRelay }, (_, index) => group * lanesPerRelay + index).filter((lane) => lane < LANES);
