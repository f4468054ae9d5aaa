import { ApplicationFailure, defineUpdate, setHandler } from '@temporalio/workflow';
import type { OperatorDecision, StepVerdict } from '../../src/contract';

/** Tries a stuck step again at once. */
export const retryStep = defineUpdate<void, [OperatorDecision]>('retryStep');
/** Gives a stuck compensation up: the operator has dealt with it by other means. */
export const skipStep = defineUpdate<void, [OperatorDecision]>('skipStep');

interface Waiting {
  readonly skippable: boolean;
  readonly decide: (verdict: StepVerdict) => void;
}

export interface SagaOperator {
  /** What an operator says about a stuck step. A step has one decision at a time: a second is refused. */
  decides(step: string, may: { readonly skip: boolean }): Promise<StepVerdict>;
  /** The step is stuck no more; a decision that arrives now is refused. */
  dismiss(step: string): void;
}

/**
 * Registers the updates: before the workflow's first await, so that none is missed.
 * @param decided told of each decision that is accepted
 */
export function awaitOperator(decided: (verdict: StepVerdict, decision: OperatorDecision) => void): SagaOperator {
  const waiting = new Map<string, Waiting>();

  function accept(update: typeof retryStep, verdict: StepVerdict): void {
    setHandler(
      update,
      (decision) => {
        const { step } = decision;
        decided(verdict, decision);
        waiting.get(step)?.decide(verdict);
        waiting.delete(step);
      },
      {
        description: verdict === 'retry' ? 'Try a stuck step again now' : 'Give a stuck compensation up',
        validator: ({ step }) => refuseUnless(waiting.get(step), verdict, step),
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

function refuseUnless(waiting: Waiting | undefined, verdict: StepVerdict, step: string): void {
  if (waiting && (verdict === 'retry' || waiting.skippable)) return;
  const message = waiting
    ? `Step ${step} is no compensation: it can be retried, but not skipped.`
    : `Step ${step} is not stuck.`;
  throw ApplicationFailure.create({ type: 'step_not_stuck', message, nonRetryable: true, category: 'BENIGN' });
}
