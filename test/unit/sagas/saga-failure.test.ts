import { ActivityFailure, ApplicationFailure, CancelledFailure, TimeoutFailure } from '@temporalio/common';
import { failureOf, isCircuitOpen, isRefusal, sagaCompensated } from '../../../workflows/saga/step';

const ofActivity = (cause: Error) =>
  new ActivityFailure('Activity task failed', 'creditBalance', 'credit_balance', 'TIMEOUT', undefined, cause);
const failed_step = 'credit_balance';

it('a refusal keeps its code and text', () => {
  const cause = ApplicationFailure.nonRetryable('The order was cancelled.', 'order_not_payable');
  expect(failureOf(failed_step, ofActivity(cause))).toEqual({
    failed_step,
    code: 'order_not_payable',
    detail: 'The order was cancelled.',
  });
});

it.each([
  ['a time-out', new TimeoutFailure('activity ScheduleToClose timeout', undefined, 'SCHEDULE_TO_CLOSE')],
  ['a fault', ApplicationFailure.retryable('connect ECONNREFUSED 10.0.0.7:5432', 'Error')],
])('%s reveals no internal error', (_, cause) => {
  expect(failureOf(failed_step, ofActivity(cause))).toEqual({
    failed_step,
    code: 'step_timed_out',
    detail: 'The step credit_balance did not succeed within 10 minutes.',
  });
});

it('an open circuit is not a refusal, and reveals no internal error', () => {
  const cause = ofActivity(ApplicationFailure.nonRetryable('provider-7.internal is away', 'circuit_open'));
  expect(isRefusal(cause)).toBe(false);
  expect(isCircuitOpen(cause)).toBe(true);
  expect(failureOf(failed_step, cause)).toEqual({
    failed_step,
    code: 'circuit_open',
    detail: 'The service that the step credit_balance calls is out of order.',
  });
});

it('a retryable failure of the type circuit_open is a fault', () => {
  const cause = ofActivity(ApplicationFailure.retryable('The circuit is open.', 'circuit_open'));
  expect(isCircuitOpen(cause)).toBe(false);
  expect(failureOf(failed_step, cause)).toMatchObject({ code: 'step_timed_out' });
});

it.each([
  ['of the workflow', new CancelledFailure('Workflow cancelled')],
  ['of its activity', ofActivity(new CancelledFailure('Activity cancelled'))],
])('a cancellation %s is reported as one', (_, error) => {
  expect(failureOf(failed_step, error)).toMatchObject({ failed_step, code: 'cancelled' });
});

it('ends the workflow for good, with the failure as its details', () => {
  const failure = { failed_step, code: 'order_not_payable', detail: 'The order was cancelled.' };
  expect(sagaCompensated(failure)).toMatchObject({
    type: 'saga_compensated',
    nonRetryable: true,
    category: 'BENIGN',
    details: [failure],
  });
});
