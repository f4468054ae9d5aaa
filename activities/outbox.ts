import { ApplicationFailure, Context } from '@temporalio/activity';
import { SHARDS } from '../src/events/append';
import type { Listener } from '../src/outbox/notify';
import { createOwnedRelays, type OwnedRelays } from '../src/outbox/ownership';
import { type RelayOptions, type RelayResult, runRelay } from '../src/outbox/relay';
import type { RelayInput } from '../src/temporal-contract';

/** What the relays of one worker share. */
export interface OutboxActivitiesOptions extends Pick<
  RelayOptions,
  'database' | 'kafka' | 'registry' | 'config' | 'cloudEventsMode' | 'logger' | 'faults' | 'metrics'
> {
  /** Without it the relays find new rows by their poll alone. */
  readonly listener?: Listener;
  /** Counts the relays of this worker, so that {@link rebalanceRelays} can release them. */
  readonly owned?: OwnedRelays;
}

/** Long, so that the workflow's history hardly grows. */
const RUN_FOR_MS = 10 * 60_000;

/** Creates the activity of the `outboxRelay` workflow. */
export const createOutboxActivities = ({ owned = createOwnedRelays(), ...options }: OutboxActivitiesOptions) => ({
  /**
   * Publishes the rows of the group's shards for 10 minutes. When the worker shuts down, the workflow is cancelled, a
   * heartbeat was missed or the group was released, it finishes the batch in flight and returns normally.
   *
   * @throws ApplicationFailure non-retryable for a group that this deployment does not have
   */
  async relayOutbox({ group }: RelayInput): Promise<RelayResult> {
    const context = Context.current();
    const shards = shardsOf(group, options.config.shardsPerRelay);
    if (shards.length === 0) {
      const message = `There is no relay group ${group} with ${options.config.shardsPerRelay} shards per relay.`;
      throw ApplicationFailure.create({ type: 'relay_group_unknown', message, nonRetryable: true, category: 'BENIGN' });
    }
    const wakeUp = options.listener?.wakeUpFor(shards);
    return owned.run((released) =>
      runRelay({
        ...options,
        ...(wakeUp && { wakeUp }),
        shards,
        signal: AbortSignal.any([context.cancellationSignal, released]),
        runForMs: RUN_FOR_MS,
        heartbeat: () => context.heartbeat(),
      }),
    );
  },
});

const shardsOf = (group: number, shardsPerRelay: number): number[] =>
  Array.from({ length: shardsPerRelay }, (_, index) => group * shardsPerRelay + index).filter(
    (shard) => shard < SHARDS,
  );
