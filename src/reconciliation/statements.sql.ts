import { customerAccount } from '../domain/ledger';
import { PAYMENT_RETURNED } from '../payments/return-payment';
import { PLANNED_EACH_TIME, type Queryable } from '../platform/database/database';
import type {
  ChargeStatement,
  CustomerStatement,
  OrderStatement,
  PaymentStatement,
  TransactionStatement,
} from './reconcile';

/** The key of a row, in one or two parts. The next page starts after the last row's key. */
export type PageKey = readonly string[];
/** The key before the first page. */
export const firstPage: PageKey = ['', ''];

/** One page of a statement. */
export interface PageOf<Statement> {
  readonly rows: readonly Statement[];
  /** `null` after the last page. */
  readonly next: PageKey | null;
}

/** Reads one page of a statement with a single SQL statement, so from one snapshot. */
export type ReadPage<Statement> = (
  tx: Queryable,
  runId: string,
  after: PageKey,
  limit: number,
) => Promise<PageOf<Statement>>;

/** Pages through SQL with the run as $1, the last page's key as $2 and the limit as $3. Each row has its key as `at`. */
const pages =
  <Statement>(sql: string): ReadPage<Statement> =>
  async (tx, runId, after, limit) => {
    const found = await tx.$queryRawUnsafe<(Statement & { at: string[] })[]>(
      `${PLANNED_EACH_TIME} WITH run AS (SELECT * FROM reconciliation_run WHERE run_id = $1) ${sql}`,
      runId,
      [...after],
      limit,
    );
    return { rows: found, next: found.length < limit ? null : (found.at(-1)?.at ?? null) };
  };

/** Whether a saga of the order runs, or ended too recently to compare. A lost saga does not count. */
const moves = (orderId: string): string =>
  `EXISTS (SELECT FROM saga WHERE saga.order_id = ${orderId}
     AND ((saga.state NOT IN ('completed', 'compensated') AND saga.lost_at IS NULL) OR saga.ended_at > run.settled_at))`;

/** The charges on the providers' lists. */
export const readCharges = pages<ChargeStatement>(`
  SELECT ARRAY[theirs.provider, theirs.key] AS at, theirs.provider, theirs.charge_ref, theirs.payment_id,
    theirs.amount::float8, theirs.currency, ours.payment_id IS NOT NULL AS known,
    theirs.created_at > run.settled_at OR ${moves('payment.order_id')} AS in_motion
  FROM run JOIN reconciliation_charge theirs USING (run_id)
  LEFT JOIN provider_charge ours ON ours.key = theirs.key AND ours.provider = theirs.provider
  LEFT JOIN payment ON payment.payment_id = theirs.payment_id
  WHERE (theirs.provider, theirs.key) > (($2::text[])[1], ($2::text[])[2])
  ORDER BY theirs.provider, theirs.key LIMIT $3`);

/** The payments. A payment's credit belongs to any of its sagas. */
export const readPayments = pages<PaymentStatement>(`
  SELECT ARRAY[payment.payment_id] AS at, payment.payment_id, payment.status, payment.amount::float8, payment.currency,
    orders.status AS order_status,
    (SELECT coalesce(sum(entry.amount), 0)::float8
     FROM saga JOIN ledger_transaction booked ON booked.reference = saga.saga_id
       AND booked.kind IN ('payment_credit', 'payment_credit_reversal')
     JOIN ledger_entry entry USING (ledger_transaction_id)
     WHERE saga.order_id = payment.order_id AND saga.input->>'payment_id' = payment.payment_id
       AND entry.account = '${customerAccount('')}' || payment.customer_id AND entry.currency = payment.currency
    ) AS credited,
    CASE WHEN ours.payment_id IS NOT NULL THEN json_build_object('provider', ours.provider, 'state', ours.state,
      'amount', ours.amount, 'currency', ours.currency) END AS charge,
    CASE WHEN theirs.key IS NOT NULL THEN json_build_object('amount', theirs.amount, 'currency', theirs.currency,
      'refunded_amount', theirs.refunded_amount) END AS theirs,
    CASE WHEN payment.conflict IS NOT NULL AND EXISTS (SELECT FROM event
      WHERE aggregate_type = 'payment' AND aggregate_id = payment.payment_id AND type = 'payment.conflicted'
        AND occurred_at >= run.since) THEN payment.conflict END AS conflict,
    CASE WHEN payment.status = 'FAILED' AND ours.payment_id IS NULL AND payment.requested_at >= run.since
      AND NOT EXISTS (SELECT FROM audit_log
        WHERE subject = payment.payment_id AND action = '${PAYMENT_RETURNED}' AND at >= payment.requested_at)
      THEN payment.failure_code END AS refused,
    coalesce(ours.provider = ANY (run.providers) AND ours.created_at >= run.since, false) AS comparable,
    ${moves('payment.order_id')} OR coalesce(ours.changed_at > run.settled_at, false) AS in_motion
  FROM run CROSS JOIN payment JOIN orders USING (order_id)
  LEFT JOIN provider_charge ours ON ours.payment_id = payment.payment_id
  LEFT JOIN reconciliation_charge theirs
    ON theirs.run_id = run.run_id AND theirs.provider = ours.provider AND theirs.key = ours.key
  WHERE payment.payment_id > ($2::text[])[1] ORDER BY payment.payment_id LIMIT $3`);

/** The orders. */
export const readOrders = pages<OrderStatement>(`
  SELECT ARRAY[orders.order_id] AS at, orders.order_id, orders.status,
    (SELECT count(*)::int FROM payment WHERE payment.order_id = orders.order_id AND status = 'CAPTURED') AS captured,
    (SELECT count(*)::int FROM payment WHERE payment.order_id = orders.order_id AND status = 'REFUNDED') AS refunded,
    ${moves('orders.order_id')} AS in_motion
  FROM run CROSS JOIN orders WHERE orders.order_id > ($2::text[])[1] ORDER BY orders.order_id LIMIT $3`);

/** The customers' accounts. Both sums leave out orders in motion, so that an active customer is compared too. */
export const readCustomers = pages<CustomerStatement>(`
  SELECT ARRAY[account, currency] AS at, customer_id, currency,
    (SELECT coalesce(sum(entry.amount), 0)::float8
     FROM ledger_entry entry JOIN ledger_transaction booked USING (ledger_transaction_id)
     LEFT JOIN saga booked_for ON booked_for.saga_id = booked.reference
     WHERE entry.account = page.account AND entry.currency = page.currency AND NOT ${moves('booked_for.order_id')}
    ) AS balance,
    (SELECT coalesce(sum(payment.amount), 0)::float8 FROM orders JOIN payment USING (order_id)
     WHERE orders.customer_id = page.customer_id AND payment.currency = page.currency
       AND payment.status = 'CAPTURED' AND orders.status <> 'REFUND_DUE' AND NOT ${moves('orders.order_id')}
    ) AS paid
  FROM run CROSS JOIN (
    SELECT account, currency, substr(account, ${customerAccount('').length + 1}) AS customer_id FROM ledger_entry
    WHERE account LIKE '${customerAccount('')}%'
      AND (account, currency) > (($2::text[])[1], ($2::text[])[2]::bpchar)
    GROUP BY account, currency ORDER BY account, currency LIMIT $3) page
  ORDER BY account, currency`);

/** The ledger's transactions. */
export const readTransactions = pages<TransactionStatement>(`
  SELECT ARRAY[ledger_transaction_id, currency] AS at, ledger_transaction_id, currency, sum(amount)::float8 AS sum
  FROM run CROSS JOIN ledger_entry
  WHERE (ledger_transaction_id, currency) > (($2::text[])[1], ($2::text[])[2]::bpchar)
  GROUP BY ledger_transaction_id, currency ORDER BY ledger_transaction_id, currency LIMIT $3`);
