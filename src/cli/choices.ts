import type { SagaType } from '../contract';
import type { ProductResponse } from '../inventory/product';
import type { DeadLetterState, OpenFilter } from '../messaging/dead-letters/dead-letter';
import type { Role } from '../mediator/message';
import type { OutboxState } from '../outbox/operator/outbox-row';
import type { SagaResponse } from '../sagas/view/saga-view';
import type { DiagramOptions } from './run/diagram';

/** What the options choose from, written out: help loads no schemas. A test compares them with the schemas. */
export const choices = {
  deadLetterStates: ['retrying', 'queued', 'dead', 'replayed', 'discarded'] satisfies DeadLetterState[],
  diagrams: ['sequence', 'state'] satisfies DiagramOptions['kind'][],
  openLetterStates: ['retrying', 'queued', 'dead'] satisfies OpenFilter['state'][],
  outboxStates: ['parked', 'pending'] satisfies OutboxState[],
  productKinds: ['service', 'goods'] satisfies ProductResponse['kind'][],
  roles: ['customer', 'service', 'operator'] satisfies Role[],
  sagaStates: [
    'pending',
    'running',
    'completed',
    'compensating',
    'compensated',
    'stuck',
  ] satisfies SagaResponse['state'][],
  sagaTypes: ['payment', 'order', 'shipment'] satisfies SagaType[],
};
