import { searchAttributes } from '../../src/temporal-contract';

/**
 * `paysaga/saga`: a library for sagas on Temporal. See `docs/sagas.md` and `examples/saga`.
 *
 * - {@link runSaga} runs steps in order, and compensates them in reverse order when a step fails before the pivot.
 * - The worker provides the activities of the steps and the two of {@link SagaRecords}.
 * - Clients use the query {@link status} and the updates {@link cancel}, {@link retryStep} and {@link skipStep}.
 * - `paysaga/saga/testing` runs a saga in skipped time and makes any of its steps fail.
 */

export {
  CIRCUIT_OPEN,
  FAULT,
  type OperatorDecision,
  OUTAGE,
  SAGA_COMPENSATED,
  type SagaCancellation,
  type SagaFailure,
  type SagaOptions,
  type SagaOutcomeReport,
  type SagaRecords,
  type SagaState,
  type SagaStatus,
  type SagaStepStatus,
  type StepDecisionReport,
  type StepState,
  type StepResolution,
} from '../../src/temporal-contract';
export { runSaga, type Saga } from './run-saga';
export { cancel } from './updates';
export { type SagaSubject, status } from './status';
export { retryStep, skipStep } from './updates';
export { outlineOf, type StepOutline } from './step';
export type { Call, SagaStep, StepPhase } from './step';

/** The search attributes of every saga. Register both as `Keyword` before the first saga runs. */
export const sagaSearchAttributes = { state: searchAttributes.sagaState, step: searchAttributes.step } as const;
