import type { Invoice } from '../../src/billing/invoice';
import type { LedgerTransaction } from '../../src/billing/record-ledger-transaction';
import type { Provisioning } from '../../src/fulfilment/provisioning';
import type { Order } from '../../src/orders/order';
import type { EventRow } from '../../src/outbox/append';
import type { Payment } from '../../src/payments/payment';
import type { TopicMessage } from './topic-messages';

export interface SagaRow {
  readonly saga_id: string;
  readonly state: string;
  readonly order_id: string;
  readonly input: { readonly payment_id: string };
  readonly result: { readonly capture_ref: string; readonly balance_tx_id: string } | null;
  readonly steps: readonly { readonly name: string; readonly state: string }[];
}

/** All rows of the tables that have to agree, as they were at one moment. */
export interface Rows {
  readonly products: readonly { readonly sku: string; readonly kind: string }[];
  readonly orders: readonly Order[];
  readonly invoices: readonly Invoice[];
  readonly payments: readonly Payment[];
  readonly provisionings: readonly Provisioning[];
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
  }[];
}

/** What the checker judges: the database, and after it what Kafka's topics hold. */
export interface Snapshot extends Rows {
  readonly messages: readonly TopicMessage[];
}
