import type { IdempotencyKeys } from '../src/cqrs/idempotency-keys';
import type { Mediator } from '../src/cqrs/mediator';
import type { Carrier } from '../src/fulfilment/carrier';
import type { ProviderChain } from '../src/payments/providers/provider';
import type { Faults } from '../src/platform/faults';
import { createChargeActivities } from './charges';
import { outageAware, outageAwareFaults, outageAwareKeys, withFaults } from './failures';
import { createOutboxActivities } from './outbox';
import { createReconciliationActivities, createRetentionActivities, createUnpaidOrderActivities } from './scheduled';
import { createStepSender } from './send-step';
import {
  createBillingActivities,
  createFulfilmentActivities,
  createInventoryActivities,
  createPaymentActivities,
  createSagaRecords,
} from './steps';

export {
  createRetentionActivities,
  createOutboxActivities,
  createReconciliationActivities,
  createUnpaidOrderActivities,
};

/** What the sagas' activities need. */
export interface SagaActivitiesOptions {
  readonly mediator: Mediator;
  readonly idempotency: IdempotencyKeys;
  readonly faults: Faults;
  readonly providers: ProviderChain;
  readonly carrier: Carrier;
}

/** Creates the activities of the sagas' task queue. Their names are in the histories of running sagas. */
export function createActivities({ providers, carrier, ...options }: SagaActivitiesOptions) {
  const mediator = outageAware(options.mediator);
  const idempotency = outageAwareKeys(options.idempotency);
  const steps = createStepSender({ mediator, idempotency, faults: outageAwareFaults(options.faults) });
  return withFaults({
    ...createBillingActivities(steps),
    ...createPaymentActivities(steps),
    ...createInventoryActivities(steps),
    ...createChargeActivities({ steps, mediator, providers }),
    ...createFulfilmentActivities({ steps, carrier }),
    ...createSagaRecords({ mediator, idempotency }),
  });
}

/** The sagas' activities, as workflows import them. */
export type Activities = ReturnType<typeof createActivities>;
/** The activity of the retention. */
export type RetentionActivities = ReturnType<typeof createRetentionActivities>;
/** The activities of the reconciliation. */
export type ReconciliationActivities = ReturnType<typeof createReconciliationActivities>;
/** The activity of the sweep over unpaid orders. */
export type UnpaidOrderActivities = ReturnType<typeof createUnpaidOrderActivities>;
/** The activity of the outbox relays. */
export type OutboxActivities = ReturnType<typeof createOutboxActivities>;
