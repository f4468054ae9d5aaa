import type { SagaType } from '../src/contract';
import { orderSteps } from './order-saga';
import { paymentSteps } from './payment-saga';
import { outlineOf, type StepOutline } from './saga/saga-outline';
import { shipmentRemedies, shipmentSteps } from './shipment-saga';

export interface SagaOutline {
  readonly steps: readonly StepOutline[];
  readonly remedies: readonly StepOutline[];
}

/** The steps never run here, so that there is nothing they are about. */
const nothing = {} as never;

/** What each saga is made of, read from its steps themselves. */
export function declaredSagas(): Readonly<Record<SagaType, SagaOutline>> {
  return {
    payment: { steps: outlineOf(paymentSteps(nothing, nothing)), remedies: [] },
    order: { steps: outlineOf(orderSteps(nothing, nothing)), remedies: [] },
    shipment: {
      steps: outlineOf(shipmentSteps(nothing, nothing)),
      remedies: outlineOf(shipmentRemedies(nothing)),
    },
  };
}
