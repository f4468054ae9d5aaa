import type { SagaType } from '../src/temporal-contract';
import { orderSteps } from './order-saga';
import { paymentSteps } from './payment-saga';
import { outlineOf, type StepOutline } from './saga/step';
import { shipmentFollowUps, shipmentSteps } from './shipment-saga';

/** The steps and follow-ups of a saga. */
export interface SagaOutline {
  readonly steps: readonly StepOutline[];
  readonly followUps: readonly StepOutline[];
}

/** The saga's input; empty, because the steps never run here. */
const nothing = {} as never;

/** Returns the outline of each saga, read from its step definitions. */
export function declaredSagas(): Readonly<Record<SagaType, SagaOutline>> {
  return {
    payment: { steps: outlineOf(paymentSteps(nothing, nothing)), followUps: [] },
    order: { steps: outlineOf(orderSteps(nothing, nothing)), followUps: [] },
    shipment: {
      steps: outlineOf(shipmentSteps(nothing, nothing)),
      followUps: outlineOf(shipmentFollowUps(nothing)),
    },
  };
}
