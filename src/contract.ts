/**
 * What the processes agree on: task queues, workflow ids, saga inputs and failure types.
 *
 * Pure, and importable from workflow code. Renaming anything here strands running workflows: their
 * ids and histories carry these words.
 */

import { defineSearchAttributeKey } from '@temporalio/common';

export const taskQueues = { sagas: 'paysaga', relay: 'paysaga-relay' } as const;

export const paymentSagaId = (paymentId: string): string => `payment-${paymentId}`;
export const orderSagaId = (orderId: string): string => `order-${orderId}`;
export const shipmentSagaId = (orderId: string): string => `shipment-${orderId}`;
export const relayWorkflowId = (group: number): string => `outbox-relay/${group}`;

/** The forward steps of every saga, in order. `failed_step` and `{step}` use these names. */
export const sagaSteps = {
  payment: ['close_invoice', 'credit_balance', 'settle'],
  order: ['reserve_inventory', 'charge', 'close_invoice', 'credit_balance', 'settle'],
  shipment: ['allocate', 'book_carrier', 'dispatch'],
} as const;

export type SagaType = keyof typeof sagaSteps;
export type SagaState = 'running' | 'completed' | 'compensating' | 'compensated' | 'stuck';
export type StepState = 'pending' | 'running' | 'done' | 'failed' | 'undoing' | 'undone' | 'skipped';

/** Amounts are in minor units (cents) of an ISO 4217 currency. */
export interface PaymentSagaInput {
  readonly saga_id: string;
  readonly payment_id: string;
  readonly order_id: string;
  readonly invoice_id: string;
  readonly customer_id: string;
  readonly amount: number;
  readonly currency: string;
  readonly correlation_id: string;
}

/** An order that is charged automatically: its payment, and what it takes to get there. */
export interface OrderSagaInput extends PaymentSagaInput {
  readonly product_sku: string;
  readonly quantity: number;
  readonly payment_method: string;
}

/** Paid goods on their way. The payment, because what cannot be sent is paid back. */
export interface ShipmentSagaInput extends PaymentSagaInput {
  readonly shipment_id: string;
  readonly product_sku: string;
  readonly quantity: number;
  /** The saga that credited the payment. */
  readonly payment_saga_id: string;
}

export interface SagaInputs {
  readonly payment: PaymentSagaInput;
  readonly order: OrderSagaInput;
  readonly shipment: ShipmentSagaInput;
}

export interface PaymentSagaResult {
  /** Reference of the invoice's closing (`cap_…`). */
  readonly capture_ref: string;
  /** The ledger transaction that credited the customer (`ltx_…`). */
  readonly balance_tx_id: string;
}

/** Settings of a deployment; they travel with the saga, whose code reads no environment. */
export interface SagaOptions {
  /** The longest pause between two attempts of one compensation round. */
  readonly compensation_max_interval_ms: number;
  /** How long a step up to the pivot is tried; 10 minutes by default. */
  readonly forward_for_ms?: number;
  /** Of an earlier run that was lost while it compensated: this run undoes every step, and goes no step forward. */
  readonly failure?: SagaFailure;
}

/** The failure type of an activity that has asked nobody, and never will: a step's fallback may be done instead. */
export const CIRCUIT_OPEN = 'circuit_open';

/**
 * The failure type of an activity that could not do its work because our own database, broker or Temporal was away. It
 * uses up neither the time nor the attempts of its step. Its `details` may tell its `attempt`.
 */
export const OUTAGE = 'outage';

/** The failure type of every other retryable error of an activity. */
export const FAULT = 'fault';

/** The refusal of a forward step whose compensation came first. */
export const STEP_UNDONE = 'step_undone';

/** The failure a saga ends with after its compensations; `details` carry {@link SagaFailure}. */
export const SAGA_COMPENSATED = 'saga_compensated';

/** The end of that failure's message. Logs know the failure by it. */
export const EVERYTHING_UNDONE = 'Everything before it was undone.';

export interface SagaFailure {
  readonly failed_step: string;
  /** The stable code of the first failure. */
  readonly code: string;
  readonly detail: string;
}

/** What the query `status` of a saga's workflow answers. */
export interface SagaStatus {
  readonly state: SagaState;
  readonly steps: readonly SagaStepStatus[];
  readonly failure: SagaFailure | null;
}

export interface SagaStepStatus {
  readonly name: string;
  readonly state: StepState;
  /** Ended ones that the workflow was told of, of a compensation its own; Temporal counts further. */
  readonly attempts: number;
  readonly error: string | null;
  /** RFC 3339: when a stuck step is tried next. An operator may retry it before. Absent for every other step. */
  readonly next_attempt_at?: string;
}

/** What an operator says about a stuck step. */
export const stepResolutions = ['retry', 'skip'] as const;
export type StepResolution = (typeof stepResolutions)[number];

/** Argument of the updates `retryStep` and `skipStep`; kept in the workflow's history. */
export interface OperatorDecision {
  /** The forward step whose compensation is stuck. */
  readonly step: string;
  readonly actor: string;
  readonly reason: string;
}

/** Argument of the update `cancel`; kept in the workflow's history. */
export interface SagaCancellation {
  readonly actor: string;
  /** In the saga's failure, for those who see it. */
  readonly reason: string;
}

/** How a saga in trouble goes on; its completion its last step tells. */
export interface SagaOutcomeReport {
  readonly saga_id: string;
  readonly correlation_id: string;
  readonly state: Exclude<SagaState, 'completed'>;
  /** Absent while nothing is compensated: a step that must happen is stuck, or goes on. */
  readonly failure: SagaFailure | null;
  /** 1, 2, 3… per saga, so that a late attempt does not undo what a later report said. */
  readonly sequence: number;
  /** The steps that failed, are stuck, or were stuck. Absent in reports of earlier versions. */
  readonly steps?: readonly SagaStepStatus[];
}

export interface StepDecisionReport extends OperatorDecision {
  readonly saga_id: string;
  readonly correlation_id: string;
  readonly verdict: StepResolution;
  /** Counted together with the outcomes. */
  readonly sequence: number;
}

/** The activities by which a saga records how it goes. They are retried without end, in order. */
export interface SagaRecords {
  recordSagaOutcome(report: SagaOutcomeReport): Promise<void>;
  recordStepDecision(report: StepDecisionReport): Promise<void>;
}

export interface RelayInput {
  /** The lane group: lanes `group × lanesPerRelay` up to the next group's first. */
  readonly group: number;
}

/** The Schedule of the sweep over unpaid orders, its workflow, and that one's id. */
export const UNPAID_SWEEP = 'unpaidSweep';

/** Orders that one sweep has cancelled, and that it could not cancel now. */
export interface UnpaidReport {
  readonly cancelled: number;
  readonly failed: number;
}

/** The Schedule of the reconciliation, its workflow, and that one's id. */
export const RECONCILIATION = 'reconciliation';

/** What is compared, in this order: the providers' charges, and what is kept here. */
export const statementNames = ['charges', 'payments', 'orders', 'customers', 'transactions'] as const;
export type StatementName = (typeof statementNames)[number];

export interface ReconciliationRun {
  readonly run_id: string;
  /** RFC 3339: how far back the providers are asked. */
  readonly since: string;
  readonly providers: readonly string[];
}

export interface ComparedStatement {
  readonly compared: number;
  readonly differences: number;
}

export interface ReconciliationReport {
  readonly run_id: string;
  /** Providers whose charges could not be read. */
  readonly unread: readonly string[];
  readonly books: Readonly<Record<string, ComparedStatement>>;
  /** Differences of the last run that are gone. */
  readonly resolved: number;
}

/** The Schedule of the housekeeping, its workflow, and that one's id. */
export const HOUSEKEEPING = 'housekeeping';

/** Rows that one housekeeping has deleted, by table. */
export interface HousekeepingReport {
  readonly inbox: number;
  readonly dead_letter: number;
}

/** Of every saga's workflow, so that operators find it by what it is about. */
export const searchAttributes = {
  orderId: defineSearchAttributeKey('PaysagaOrderId', 'KEYWORD'),
  customerId: defineSearchAttributeKey('PaysagaCustomerId', 'KEYWORD'),
  sagaState: defineSearchAttributeKey('PaysagaSagaState', 'KEYWORD'),
  step: defineSearchAttributeKey('PaysagaStep', 'KEYWORD'),
} as const;
