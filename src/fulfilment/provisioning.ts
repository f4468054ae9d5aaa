import type { ProvisioningEvent } from './provisioning-events';

/** The row of `service_provisioning`: the fold of its events. One per order. */
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

export type ProvisioningRequest = Omit<Provisioning, 'status' | 'version'>;

/** A service is provisioned as soon as it is requested: there is nothing to wait for. */
export function provision(request: ProvisioningRequest): ProvisioningEvent[] {
  const { provisioning_id, order_id } = request;
  return [
    { type: 'service.requested', payload: request },
    { type: 'service.provisioned', payload: { provisioning_id, order_id } },
  ];
}

/** The state after the event; replaying a provisioning's events gives its row. */
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
