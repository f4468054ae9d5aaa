import { ApplicationFailure, Context } from '@temporalio/activity';
import { stepOnce, undoOnce } from '../src/inbox/once';
import type { Mediator } from '../src/mediator/mediator';
import type { Message } from '../src/mediator/message';
import type { SagaStepRecord } from '../src/mediator/saga-step.sql';
import type { ActivityFaultPoint, Faults } from '../src/platform/faults';
import { Refusal } from '../src/platform/refusal';

export interface StepOptions<Result> {
  readonly saga: { readonly saga_id: string; readonly correlation_id: string };
  /** The forward step, also for its compensation. */
  readonly step: string;
  readonly point: ActivityFaultPoint;
  readonly message: Message<Result>;
}

export interface StepSender {
  /**
   * Sends a forward step's command: it happens once, however often it is tried.
   *
   * @throws ApplicationFailure non-retryable for a business refusal; any other error is retried
   */
  run<Result>(options: StepOptions<Result>): Promise<Result>;
  /**
   * Sends a compensation's command, or, when the step never happened, only bars its late attempts.
   * A compensation cannot be refused: every error is retried, and then an operator's.
   */
  undo<Result>(options: StepOptions<Result>): Promise<Result | null>;
}

export interface StepSenderOptions {
  readonly mediator: Pick<Mediator, 'send'>;
  readonly faults: Pick<Faults, 'pass'>;
}

/** A saga's activity is this: one command through the mediator, once, recorded as a step. */
export function createStepSender({ mediator, faults }: StepSenderOptions): StepSender {
  return {
    async run({ saga, step, point, message }) {
      try {
        await faults.pass(point);
        const result = await mediator.send(message, {
          once: stepOnce(saga.saga_id, step),
          step: stepRecord(saga.saga_id, step, 'done'),
          correlationId: saga.correlation_id,
        });
        await faults.pass(`${point}.done`);
        return result;
      } catch (error) {
        throw error instanceof Refusal ? refusalFailure(error) : error;
      }
    },

    async undo({ saga, step, point, message }) {
      await faults.pass(point);
      const result = await mediator.send(message, {
        once: undoOnce(saga.saga_id, step),
        step: stepRecord(saga.saga_id, step, 'undone'),
        correlationId: saga.correlation_id,
      });
      await faults.pass(`${point}.done`);
      return result;
    },
  };
}

function stepRecord(sagaId: string, name: string, state: SagaStepRecord['state']): SagaStepRecord {
  const { attempt, isLocal, scheduledTimestampMs } = Context.current().info;
  // The first attempt of a forward step is a local one; the server counts those that follow it.
  const attempts = state === 'done' && !isLocal ? attempt + 1 : attempt;
  return { sagaId, name, state, attempts, startedAt: new Date(scheduledTimestampMs).toISOString() };
}

/**
 * The one place where a refusal becomes a Temporal failure. An earlier attempt that is still in its
 * transaction is no answer yet: that one is tried again.
 */
function refusalFailure({ code, detail }: Refusal): ApplicationFailure {
  const nonRetryable = code !== 'request_in_progress';
  return ApplicationFailure.create({ type: code, message: detail, nonRetryable, category: 'BENIGN' });
}
