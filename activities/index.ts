import type { IdempotencyKeys } from '../src/inbox/idempotency-keys';
import type { Mediator } from '../src/mediator/mediator';
import type { Faults } from '../src/platform/faults/faults';
import type { Carrier } from '../src/fulfilment/carrier/carrier';
import type { ProviderChain } from '../src/payments/provider/provider-chain';
import { createBillingActivities } from './billing';
import { createChargeActivities } from './charges';
import { createFulfilmentActivities } from './fulfilment';
import { createRetentionActivities } from './retention';
import { createInventoryActivities } from './inventory';
import { createPaymentActivities } from './payments';
import { createSagaRecords } from './sagas';
import { outageAware, outageAwareFaults, outageAwareKeys, withFaults } from './failures';
import { createStepSender } from './send-step';
import { createOutboxActivities } from './outbox';
import { createReconciliationActivities } from './reconciliation';
import { createUnpaidOrderActivities } from './unpaid-orders';

export {
  createRetentionActivities,
  createOutboxActivities,
  createReconciliationActivities,
  createUnpaidOrderActivities,
};

export interface SagaActivitiesOptions {
  readonly mediator: Mediator;
  readonly idempotency: IdempotencyKeys;
  readonly faults: Faults;
  readonly providers: ProviderChain;
  readonly carrier: Carrier;
}

/** The activities of the sagas' task queue. Their names are in the histories of running sagas. */
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

/** What workflows know of them: their types. */
export type Activities = ReturnType<typeof createActivities>;
export type RetentionActivities = ReturnType<typeof createRetentionActivities>;
export type ReconciliationActivities = ReturnType<typeof createReconciliationActivities>;
export type UnpaidOrderActivities = ReturnType<typeof createUnpaidOrderActivities>;
export type OutboxActivities = ReturnType<typeof createOutboxActivities>;
