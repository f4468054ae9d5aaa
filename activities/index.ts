import type { Mediator } from '../src/mediator/mediator';
import type { Faults } from '../src/platform/faults';
import { createBillingActivities } from './billing';
import { createHousekeepingActivities } from './housekeeping';
import { createPaymentActivities } from './payments';
import { createStepSender } from './send-step';
import { createOutboxActivities } from './outbox';

export { createHousekeepingActivities, createOutboxActivities };

export interface SagaActivitiesOptions {
  readonly mediator: Mediator;
  readonly faults: Faults;
}

/** The activities of the sagas' task queue. Their names are in the histories of running sagas. */
export function createActivities({ mediator, faults }: SagaActivitiesOptions) {
  const steps = createStepSender({ mediator, faults });
  return {
    ...createBillingActivities(steps),
    ...createPaymentActivities({ steps, mediator }),
  };
}

/** What workflows know of them: their types. */
export type Activities = ReturnType<typeof createActivities>;
export type HousekeepingActivities = ReturnType<typeof createHousekeepingActivities>;
export type OutboxActivities = ReturnType<typeof createOutboxActivities>;
