/**
 * `paysaga/saga/testing`: runs a saga in skipped time with fake activities, and makes any step fail. It needs
 * `@temporalio/testing`, and works with every test runner.
 */
export { type Behaviour, breaks, hangs, opensCircuit, refuses, suffersOutage } from './behaviours';
export { everyStepFails, type FailingStep, type SagaSteps } from './every-step-fails';
export { type Answers, createFakeActivities, type FakeActivities } from './fake-activities';
export { createSagaKit, failureOf, minutesOf, type SagaKit, type SagaKitOptions, type SagaRun } from './saga-kit';
export { type SagaServerOptions, startSagaServer } from './saga-server';
