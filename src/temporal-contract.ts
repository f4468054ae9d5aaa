/**
 * Names and types that the processes share: task queues, workflow ids, saga inputs and failure types.
 *
 * Workflow code imports this file. Histories contain these names and fields, so renaming one strands running workflows.
 */

import { defineSearchAttributeKey } from '@temporalio/common';

/** The task queues of the sagas and of the outbox relays. */
export const taskQueues = { sagas: 'paysaga', relay: 'paysaga-relay' } as const;

/** The id of a payment's first saga; later ones end with `-2`, `-3`. */
export const paymentSagaId = (paymentId: string): string => `payment-${paymentId}`;
/** The id of an order's saga. */
export const orderSagaId = (orderId: string): string => `order-${orderId}`;
/** The id of the saga that ships an order's goods. */
export const shipmentSagaId = (orderId: string): string => `shipment-${orderId}`;
/** The id of the workflow that relays a group. */
export const relayWorkflowId = (group: number): string => `outbox-relay/${group}`;

/** The forward steps of every saga, in order. `failed_step` and `{step}` use these names. */
export const sagaSteps = {
  payment: ['close_invoice', 'credit_balance', 'settle'],
  order: ['reserve_inventory', 'charge', 'close_invoice', 'credit_balance', 'settle'],
  shipment: ['allocate', 'book_carrier', 'dispatch'],
} as const;

/** The types of sagas. */
export type SagaType = keyof typeof sagaSteps;
/** The states of a saga. */
export type SagaState = 'running' | 'completed' | 'compensating' | 'compensated' | 'stuck';
/** The states of a step. `undoing` and `undone` are those of its compensation. */
export type StepState = 'pending' | 'running' | 'done' | 'failed' | 'undoing' | 'undone' | 'skipped';

/** The input of the payment saga. `amount` is in minor units of an ISO 4217 currency. */
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

/** The input of the order saga, for an order that is charged automatically. */
export interface OrderSagaInput extends PaymentSagaInput {
  readonly product_sku: string;
  readonly quantity: number;
  readonly payment_method: string;
}

/** The input of the shipment saga. It includes the payment, which is refunded when the shipment fails. */
export interface ShipmentSagaInput extends PaymentSagaInput {
  readonly shipment_id: string;
  readonly product_sku: string;
  readonly quantity: number;
  /** The id of the saga that credited the payment. */
  readonly payment_saga_id: string;
}

/** The input of each type of saga. */
export interface SagaInputs {
  readonly payment: PaymentSagaInput;
  readonly order: OrderSagaInput;
  readonly shipment: ShipmentSagaInput;
}

/** The result of the payment saga and of the order saga. */
export interface PaymentSagaResult {
  /** The reference of the closed invoice (`cap_…`). */
  readonly capture_ref: string;
  /** The ledger transaction that credited the customer (`ltx_…`). */
  readonly balance_tx_id: string;
}

/** Settings that a saga gets as an argument, because workflow code reads no environment. */
export interface SagaOptions {
  /** The longest pause between two attempts of a compensation round, in ms. */
  readonly compensation_max_interval_ms: number;
  /** The time limit of a step up to the pivot, in ms. Defaults to 10 minutes. */
  readonly forward_for_ms?: number;
  /** The failure of an earlier run that was lost while it compensated. This run only compensates. */
  readonly failure?: SagaFailure;
}

/** The failure type of an activity that has sent no request and never will. The step's fallback may run. */
export const CIRCUIT_OPEN = 'circuit_open';

/**
 * The failure type of an outage of the service's own database, broker or Temporal. An outage uses up neither the time nor
 * the attempts of its step. `details` may contain the `attempt`.
 */
export const OUTAGE = 'outage';

/** The failure type of every other retryable error of an activity. */
export const FAULT = 'fault';

/** The refusal of a step whose compensation came first. */
export const STEP_UNDONE = 'step_undone';

/** The failure type of a compensated saga. `details` contain the {@link SagaFailure}. */
export const SAGA_COMPENSATED = 'saga_compensated';

/** The end of that failure's message, by which logs recognise the failure. */
export const EVERYTHING_UNDONE = 'Everything before it was undone.';

/** Why a saga was compensated. */
export interface SagaFailure {
  readonly failed_step: string;
  /** The stable code of the first failure. */
  readonly code: string;
  readonly detail: string;
}

/** The result of the query `status` of a saga's workflow. */
export interface SagaStatus {
  readonly state: SagaState;
  readonly steps: readonly SagaStepStatus[];
  readonly failure: SagaFailure | null;
}

/** The state of a step in the query `status`. */
export interface SagaStepStatus {
  readonly name: string;
  readonly state: StepState;
  /** The ended attempts that the workflow knows of. A compensation starts at zero. */
  readonly attempts: number;
  readonly error: string | null;
  /** The next attempt of a stuck step, RFC 3339, unless an operator retries it before. Absent for other steps. */
  readonly next_attempt_at?: string;
}

/** The decisions of an operator about a stuck step. */
export const stepResolutions = ['retry', 'skip'] as const;
/** An operator's decision about a stuck step. */
export type StepResolution = (typeof stepResolutions)[number];

/** The argument of the updates `retryStep` and `skipStep`. Histories contain it. */
export interface OperatorDecision {
  /** The stuck step, also if its compensation is stuck. */
  readonly step: string;
  readonly actor: string;
  readonly reason: string;
}

/** The argument of the update `cancel`. Histories contain it. */
export interface SagaCancellation {
  readonly actor: string;
  /** Becomes part of the saga's failure detail. */
  readonly reason: string;
}

/** Reports the state of a saga after a failure. The last step of a saga records its completion. */
export interface SagaOutcomeReport {
  readonly saga_id: string;
  readonly correlation_id: string;
  readonly state: Exclude<SagaState, 'completed'>;
  /** Null while nothing is compensated, such as for a stuck step after the pivot. */
  readonly failure: SagaFailure | null;
  /** Counts the reports of a saga from 1. A repeated report has the same number. */
  readonly sequence: number;
  /** The steps that failed or are or were stuck. Absent in reports of earlier versions. */
  readonly steps?: readonly SagaStepStatus[];
}

/** Reports a decision that the workflow has accepted. */
export interface StepDecisionReport extends OperatorDecision {
  readonly saga_id: string;
  readonly correlation_id: string;
  readonly verdict: StepResolution;
  /** Counted together with the reports of {@link SagaOutcomeReport}. */
  readonly sequence: number;
}

/** The activities by which a saga records its state. They run in order and are retried without end. */
export interface SagaRecords {
  recordSagaOutcome(report: SagaOutcomeReport): Promise<void>;
  recordStepDecision(report: StepDecisionReport): Promise<void>;
}

/** The input of the relay workflow. */
export interface RelayInput {
  /** The shard group, which has the shards from `group × shardsPerRelay` up to the first of the next group. */
  readonly group: number;
}

/** The name of the Schedule of the sweep over unpaid orders, of its workflow and of the workflow's id. */
export const UNPAID_SWEEP = 'unpaidSweep';

/** The number of orders that a sweep cancelled, and that it could not cancel. */
export interface UnpaidReport {
  readonly cancelled: number;
  readonly failed: number;
}

/** The name of the reconciliation's Schedule, of its workflow and of the workflow's id. */
export const RECONCILIATION = 'reconciliation';

/** The statements, in the order in which they are compared. */
export const statementNames = ['charges', 'payments', 'orders', 'customers', 'transactions'] as const;
/** The name of a statement. */
export type StatementName = (typeof statementNames)[number];

/** A run of the reconciliation. */
export interface ReconciliationRun {
  readonly run_id: string;
  /** The start of the window, RFC 3339. */
  readonly since: string;
  readonly providers: readonly string[];
}

/** The numbers of compared rows and of discrepancies. */
export interface ComparedStatement {
  readonly compared: number;
  readonly differences: number;
}

/** The result of a run. */
export interface ReconciliationReport {
  readonly run_id: string;
  /** The providers whose charges could not be read. */
  readonly unread: readonly string[];
  readonly books: Readonly<Record<string, ComparedStatement>>;
  /** The number of discrepancies that no longer exist. */
  readonly resolved: number;
}

/** The id of the Schedule that deletes expired rows, the name of its workflow, and that workflow's id. */
export const RETENTION = 'housekeeping';

/** Rows that one run of the retention has deleted, by table. */
export interface RetentionReport {
  readonly idempotency_key: number;
  readonly dead_letter: number;
}

/** The search attributes of every saga's workflow. */
export const searchAttributes = {
  orderId: defineSearchAttributeKey('PaysagaOrderId', 'KEYWORD'),
  customerId: defineSearchAttributeKey('PaysagaCustomerId', 'KEYWORD'),
  sagaState: defineSearchAttributeKey('PaysagaSagaState', 'KEYWORD'),
  step: defineSearchAttributeKey('PaysagaStep', 'KEYWORD'),
} as const;
