import { ApplicationFailure, CancelledFailure, defineUpdate, setHandler } from '@temporalio/workflow';
import type { OperatorDecision, SagaCancellation, StepResolution } from '../../src/temporal-contract';

/** The update that cancels a saga before its pivot and compensates its steps. */
export const cancel = defineUpdate<void, [SagaCancellation]>('cancel');

/** The cancellation of one saga. */
export interface SagaCancelling {
  /** Refuses new cancellations from now on. An accepted cancellation stays accepted. */
  close(): void;
  /** The failure of the cancelled saga, with the reason of the request if there was a request. */
  failure(): CancelledFailure;
}

/**
 * Registers the update. Call it before the workflow's first await, so that no update is missed. While the saga
 * compensates because of a cancellation, another cancellation is accepted as a no-op.
 *
 * @param stop stops the forward steps; called once
 */
export function awaitCancel(stop: (cancellation: SagaCancellation) => void): SagaCancelling {
  let open = true;
  let accepted: SagaCancellation | undefined;

  setHandler<void, [SagaCancellation], typeof cancel>(
    cancel,
    (cancellation) => {
      if (accepted) return;
      accepted = cancellation;
      stop(cancellation);
    },
    {
      description: 'Cancel the saga before its pivot and compensate its steps',
      validator: () => {
        if (!open && !accepted) throw notCancellable();
      },
    },
  );

  return {
    close() {
      open = false;
    },
    failure: () => new CancelledFailure(accepted ? `Cancelled: ${accepted.reason}` : 'The workflow was cancelled.'),
  };
}

const notCancellable = (): ApplicationFailure =>
  ApplicationFailure.create({
    type: 'saga_not_cancellable',
    message: 'The saga has reached its pivot, or already compensates for another reason.',
    nonRetryable: true,
    category: 'BENIGN',
  });

/** The update that retries a stuck step at once. */
export const retryStep = defineUpdate<void, [OperatorDecision]>('retryStep');
/** The update that skips a stuck compensation, which the operator has done by other means. */
export const skipStep = defineUpdate<void, [OperatorDecision]>('skipStep');

interface Waiting {
  readonly skippable: boolean;
  readonly decide: (resolution: StepResolution) => void;
}

/** Waits for the decisions of operators. */
export interface SagaOperator {
  /** Resolves with an operator's decision about a stuck step. While it is executed, a second decision is refused. */
  decides(step: string, may: { readonly skip: boolean }): Promise<StepResolution>;
  /** Refuses further decisions about the step, because it is no longer stuck. */
  dismiss(step: string): void;
}

/**
 * Registers the updates. Call it before the workflow's first await, so that no update is missed.
 *
 * @param decided called with each accepted decision
 */
export function awaitOperator(decided: (resolution: StepResolution, decision: OperatorDecision) => void): SagaOperator {
  const waiting = new Map<string, Waiting>();

  function accept(update: typeof retryStep, resolution: StepResolution): void {
    setHandler(
      update,
      (decision) => {
        const { step } = decision;
        decided(resolution, decision);
        waiting.get(step)?.decide(resolution);
        waiting.delete(step);
      },
      {
        description: resolution === 'retry' ? 'Try a stuck step again now' : 'Skip a stuck compensation',
        validator: ({ step }) => refuseUnless(waiting.get(step), resolution, step),
      },
    );
  }
  accept(retryStep, 'retry');
  accept(skipStep, 'skip');

  return {
    decides: (step, may) =>
      new Promise((decide) => {
        waiting.set(step, { skippable: may.skip, decide });
      }),
    dismiss: (step) => {
      waiting.delete(step);
    },
  };
}

function refuseUnless(waiting: Waiting | undefined, resolution: StepResolution, step: string): void {
  if (waiting && (resolution === 'retry' || waiting.skippable)) return;
  const message = waiting
    ? `Step ${step} is not a compensation. It can be retried, but not skipped.`
    : `Step ${step} is not stuck.`;
  throw ApplicationFailure.create({ type: 'step_not_stuck', message, nonRetryable: true, category: 'BENIGN' });
}
