import type { BatchCommand, Mediator } from '../../mediator/mediator';
import type { EventRegistry } from '../../outbox/event-registry';
import { createBackoff } from '../../platform/backoff';
import type { Faults } from '../../platform/faults/faults';
import { wait } from '../../platform/wait';
import { failureKind } from './apply-failure';
import type { ConsumerDefinition } from './consumer';
import { type ConsumerMetrics, noConsumerMetrics } from './consumer-metrics';
import { eventCommand } from './event-command';
import type { IncomingMessage } from './incoming-message';

/** What applying messages needs. */
export interface ApplyOptions {
  readonly definition: ConsumerDefinition;
  readonly mediator: Mediator;
  readonly registry: EventRegistry;
  readonly faults: Faults;
  readonly metrics?: ConsumerMetrics;
}

/** A message that could not be applied. */
export interface ApplyFailure {
  readonly message: IncomingMessage;
  readonly error: unknown;
}

/** Attempts at a transient failure, mostly a lock that another consumer holds. */
const ATTEMPTS_IN_PLACE = 3;
const BACKOFF = { initialMs: 50, maxMs: 500 };

/**
 * Creates a function that applies messages, each effect in one transaction with its idempotency key. The messages must
 * have different keys: they are applied in one transaction or, when that fails, each in its own.
 *
 * It returns the messages that could not be applied.
 *
 * @throws the database's error during an outage; a repeat finds what was applied before
 */
export function createApply({ definition, mediator, registry, faults, metrics = noConsumerMetrics }: ApplyOptions) {
  const { group } = definition;
  const fail = (failures: ApplyFailure[], message: IncomingMessage, error: unknown): void => {
    metrics.failed(group, message.topic);
    failures.push({ message, error });
  };

  return async function apply(messages: readonly IncomingMessage[]): Promise<ApplyFailure[]> {
    const failures: ApplyFailure[] = [];
    let pending: PendingMessage[] = [];
    for (const message of messages) {
      try {
        const command = eventCommand(message, definition, registry);
        if (!command) continue;
        await faults.pass('consumer.before_effect');
        pending.push(pendingMessage(message, command));
      } catch (error) {
        if (failureKind(error) === 'outage') throw error;
        fail(failures, message, error);
      }
    }

    const backoff = createBackoff(BACKOFF);
    for (let attempt = 1; pending.length > 0; attempt += 1) {
      const results = await mediator.sendMany(pending.map(({ command }) => command));
      const again: typeof pending = [];
      for (const [index, item] of pending.entries()) {
        const result = results[index];
        if (result?.status !== 'rejected') {
          metrics[item.isRepeat ? 'duplicates' : 'applied'](group, item.message.topic);
          continue;
        }
        const kind = failureKind(result.reason);
        if (kind === 'outage') throw result.reason;
        if (kind === 'transient' && attempt < ATTEMPTS_IN_PLACE) again.push(item);
        else fail(failures, item.message, result.reason);
      }
      if (again.length < pending.length) await faults.pass('consumer.after_commit');
      pending = again;
      if (pending.length > 0) await wait(backoff.next());
    }
    return failures;
  };
}

interface PendingMessage {
  readonly message: IncomingMessage;
  readonly command: BatchCommand;
  /** Whether it was applied before. */
  isRepeat: boolean;
}

function pendingMessage(message: IncomingMessage, { message: command, options }: BatchCommand): PendingMessage {
  const onRepeat = (): void => {
    pending.isRepeat = true;
  };
  const pending: PendingMessage = {
    message,
    command: { message: command, options: { ...options, onRepeat } },
    isRepeat: false,
  };
  return pending;
}
