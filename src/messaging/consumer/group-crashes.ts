import type { Logger } from '../../platform/telemetry/logger';
import type { Consumer } from '../kafka';
import { failureReason } from './apply-failure';
import type { Stalls } from './stalls';

/** Follows the crashes of one group. */
export interface GroupCrashes {
  /** Listens to a consumer of the group. Resolves with the error after kafkajs has given up. */
  watch(consumer: Consumer): Promise<Error>;
}

/** What following a group needs. */
export interface GroupCrashesOptions {
  readonly group: string;
  readonly stalls: Stalls;
  readonly logger: Logger;
  /** Called when the group has fetched for a while without a crash. */
  readonly onRecovered: () => void;
  /** Defaults to 10 s. */
  readonly recoveredAfterMs?: number;
}

const RECOVERED_AFTER_MS = 10_000;
/** The longest reason in `/health`. */
const REASON_LENGTH = 500;

/**
 * Reports a group as stalled while kafkajs cannot go on: an unknown codec, a corrupt batch, a group that it may not
 * join. The report is withdrawn when the group has fetched for a while without a crash. A single restart by kafkajs is
 * not reported, because each outage of a broker causes one.
 */
export function watchGroup(options: GroupCrashesOptions): GroupCrashes {
  const { group, stalls, logger, onRecovered, recoveredAfterMs = RECOVERED_AFTER_MS } = options;
  let crashes = 0;
  let fetchesSince: number | undefined;
  let isLogged = false;

  return {
    watch: (consumer) =>
      new Promise((stopped) => {
        consumer.on('consumer.fetch', () => {
          if (crashes === 0) return;
          fetchesSince ??= performance.now();
          if (performance.now() - fetchesSince < recoveredAfterMs) return;
          crashes = 0;
          stalls.clear('');
          logger[isLogged ? 'info' : 'debug']({ group }, 'consumer.recovered');
          isLogged = false;
          onRecovered();
        });
        consumer.on('consumer.crash', ({ payload: { error, restart } }) => {
          crashes += 1;
          fetchesSince = undefined;
          if (!restart || crashes > 1) stalls.set('', failureReason(error).slice(0, REASON_LENGTH));
          if (!restart) return stopped(error);
          const isUsual = crashes === 1 && isCoordinatorLoading(error);
          isLogged ||= !isUsual;
          logger[isUsual ? 'debug' : 'warn']({ group, reason: error.message }, 'consumer.restarted');
        });
      }),
  };
}

/** A broker that has just started reads its groups first. */
const isCoordinatorLoading = (error: Error): boolean => 'type' in error && error.type === 'GROUP_LOAD_IN_PROGRESS';
