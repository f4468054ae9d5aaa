/**
 * `paysaga/saga`: sagas on Temporal whose hard parts are done. See `docs/sagas.md` and `examples/saga`.
 *
 * - {@link runSaga} runs steps in order; what fails before the pivot is undone in reverse order, for certain.
 * - The worker provides the two activities of {@link SagaRecords} beside those of the steps.
 * - Clients ask with the query {@link status}, and tell with the updates {@link cancel}, {@link retryStep} and
 *   {@link skipStep}.
 * - `paysaga/saga/testing` runs a saga in skipped time, with any step failing.
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
  type StepVerdict,
} from '../../src/contract';
export { runSaga, type Saga } from '../saga';
export { cancel } from './saga-cancel';
export { type SagaSubject, status } from './saga-journal';
export { retryStep, skipStep } from './saga-operator';
export { outlineOf, type StepOutline } from './saga-outline';
export type { Act, Call, SagaStep } from './saga-step';

/** Of every saga's workflow: register both as `Keyword` with the server before the first saga runs. */
export const sagaSearchAttributes = { state: searchAttributes.sagaState, step: searchAttributes.step } as const;
