import type { Invoice } from '../../src/billing/invoice';
import type { LedgerTransaction } from '../../src/billing/record-ledger-transaction';
import type { SagaType } from '../../src/contract';
import type { Provisioning } from '../../src/fulfilment/provisioning';
import type { Shipment } from '../../src/fulfilment/shipment';
import type { Order } from '../../src/orders/order';
import type { EventRow } from '../../src/outbox/append';
import type { ProviderCharge } from '../../src/payments/provider/payment-provider';
import type { Payment } from '../../src/payments/payment';
import type { TopicMessage } from './topic-messages';

export interface SagaRow {
  readonly saga_id: string;
  readonly type: SagaType;
  readonly state: string;
  readonly order_id: string;
  readonly input: { readonly payment_id: string };
  readonly result: Readonly<Record<string, string>> | null;
  readonly steps: readonly { readonly name: string; readonly state: string }[];
}

export interface ProductRow {
  readonly sku: string;
  readonly kind: string;
  readonly stock: number | null;
  readonly reserved: number;
  readonly version: number;
}

export interface ReservationRow {
  readonly order_id: string;
  readonly product_sku: string;
  readonly quantity: number;
  readonly state: 'RESERVED' | 'ALLOCATED' | 'DISPATCHED' | 'RELEASED';
}

export interface ChargeRow {
  readonly payment_id: string;
  readonly order_id: string;
  readonly provider: string;
  readonly key: string;
  readonly amount: number;
  readonly currency: string;
  readonly state: 'asked' | 'charged' | 'refused' | 'refunded';
}

/** All rows of the tables that have to agree, as they were at one moment. */
export interface Rows {
  readonly products: readonly ProductRow[];
  readonly orders: readonly Order[];
  readonly invoices: readonly Invoice[];
  readonly payments: readonly Payment[];
  readonly provisionings: readonly Provisioning[];
  readonly shipments: readonly Shipment[];
  readonly reservations: readonly ReservationRow[];
  readonly charges: readonly ChargeRow[];
  readonly sagas: readonly SagaRow[];
  readonly ledger: readonly LedgerTransaction[];
  readonly events: readonly EventRow[];
  /** Not yet on Kafka, or not yet marked. */
  readonly outbox: readonly { readonly event_id: string; readonly parked_at: string | null }[];
  /** Of the consumer groups and of the sagas. */
  readonly inbox: readonly { readonly scope: string; readonly key: string }[];
  readonly deadLetters: readonly { readonly consumer_group: string; readonly key: string; readonly reason: string }[];
  readonly sales: readonly {
    readonly day: string;
    readonly currency: string;
    readonly orders: number;
    readonly amount: number;
    readonly refunded_amount: number;
  }[];
}

/** A charge on a provider's books, with the provider's name. */
export interface BookedCharge extends Pick<ProviderCharge, 'key' | 'amount' | 'currency' | 'refunded_amount'> {
  readonly provider: string;
}

/** What the checker judges: the database, and after it what Kafka's topics and the providers' books hold. */
export interface Snapshot extends Rows {
  /** Absent where there is no provider to ask. */
  readonly books?: readonly BookedCharge[];
  readonly messages: readonly TopicMessage[];
}
