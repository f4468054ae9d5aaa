/**
 * `paysaga/saga`: a library for sagas on Temporal. See `docs/sagas.md` and `examples/saga`.
 *
 * - {@link runSaga} runs steps in order, and compensates them in reverse order when a step fails before the pivot.
 * - The worker provides the activities of the steps and the two of {@link SagaRecords}.
 * - Clients use the query {@link status} and the updates {@link cancel}, {@link retryStep} and {@link skipStep}.
 * - `paysaga/saga/testing` runs a saga in skipped time and makes any of its steps fail.
 */
import { searchAttributes } from '../../src/contract';

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
} from '../../src/contract';
export { runSaga, type Saga } from '../saga';
export { cancel } from './saga-cancel';
export { type SagaSubject, status } from './saga-journal';
export { retryStep, skipStep } from './saga-operator';
export { outlineOf, type StepOutline } from './saga-outline';
export type { Call, SagaStep, StepPhase } from './saga-step';

/** The search attributes of every saga. Register both as `Keyword` before the first saga runs. */
export const sagaSearchAttributes = { state: searchAttributes.sagaState, step: searchAttributes.step } as const;
