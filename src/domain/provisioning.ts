import { z } from 'zod';
import { defineEvent, type EventOf } from '../events/registry';
import { clientId, instant, opaqueId, sku } from '../platform/schemas';

/** The provisioning of an order: the row of `service_provisioning` and the fold of its events. */
export interface Provisioning {
  readonly provisioning_id: string;
  readonly order_id: string;
  readonly customer_id: string;
  readonly product_sku: string;
  readonly invoice_id: string;
  readonly status: 'REQUESTED' | 'DONE' | 'FAILED';
  readonly requested_at: string;
  readonly version: number;
}

/** A provisioning to request. */
export type ProvisioningRequest = Omit<Provisioning, 'status' | 'version'>;

/** Decides to request and complete a provisioning in one step. */
export function provision(request: ProvisioningRequest): ProvisioningEvent[] {
  const { provisioning_id, order_id } = request;
  return [
    { type: 'service.requested', payload: request },
    { type: 'service.provisioned', payload: { provisioning_id, order_id } },
  ];
}

/** Applies an event to a provisioning. The fold of a provisioning's events is its row. */
export function evolveProvisioning(provisioning: Provisioning | undefined, event: ProvisioningEvent): Provisioning {
  if (event.type === 'service.requested') return { ...event.payload, status: 'REQUESTED', version: 1 };
  if (!provisioning) throw new Error(`${event.type} before service.requested: the event log is broken.`);
  switch (event.type) {
    case 'service.provisioned':
      return { ...provisioning, status: 'DONE' };
    default:
      return event satisfies never;
  }
}

const topic = 'paysaga.service';
const reference = { provisioning_id: opaqueId, order_id: opaqueId };

const serviceRequested = defineEvent({
  type: 'service.requested',
  dataVersion: 1,
  topic,
  payload: z.object({
    ...reference,
    customer_id: clientId,
    product_sku: sku,
    invoice_id: opaqueId,
    requested_at: instant,
  }),
});

const serviceProvisioned = defineEvent({
  type: 'service.provisioned',
  dataVersion: 1,
  topic,
  payload: z.object(reference),
});

/** The events of a provisioning. */
export const provisioningEvents = [serviceRequested, serviceProvisioned] as const;
/** An event of a provisioning. */
export type ProvisioningEvent = EventOf<(typeof provisioningEvents)[number]>;
