import type { ProvisioningEvent } from './provisioning-events';

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

/** Requests and completes a provisioning at once. */
export function provision(request: ProvisioningRequest): ProvisioningEvent[] {
  const { provisioning_id, order_id } = request;
  return [
    { type: 'service.requested', payload: request },
    { type: 'service.provisioned', payload: { provisioning_id, order_id } },
  ];
}

/** Applies an event. The fold of a provisioning's events is its row. */
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
