import { ApplicationFailure, defineUpdate, setHandler } from '@temporalio/workflow';
import type { OperatorDecision, StepResolution } from '../../src/contract';

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
