import type { Once } from '../../inbox/once';
import type { SendOptions } from '../../mediator/behaviour';
import type { Mediator } from '../../mediator/mediator';
import { findStepAnswer } from '../find-step-answer';
import type { SagaResponse } from '../view/saga-view';
import { keepAnswer } from './keep-answer';

export interface AnswerOnceOptions {
  readonly mediator: Mediator;
  /** Of the request. */
  readonly options: SendOptions;
  /** Without it nothing is kept. */
  readonly once: Once | undefined;
}

/**
 * Answers a decision as it was answered first, for what is decided by Temporal and so cannot be in the transaction
 * of the once-key. A process that dies between `decide` and its answer leaves nothing: `decide` must itself do
 * nothing twice under the same key. What throws is not kept.
 *
 * @throws Refusal `idempotency_key_reused`
 */
export async function answerOnce(
  { mediator, options, once }: AnswerOnceOptions,
  decide: () => Promise<SagaResponse>,
): Promise<SagaResponse> {
  if (!once) return decide();
  const first = await mediator.send(findStepAnswer({ once }), options);
  if (first) return first.answer as SagaResponse;
  return mediator.send(keepAnswer({ answer: await decide() }), { ...options, once });
}
