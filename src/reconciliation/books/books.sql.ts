import { customerAccount } from '../../billing/ledger';
import { PAYMENT_RETURNED } from '../../payments/refund/return-payment';
import { PLANNED_EACH_TIME, type Queryable } from '../../platform/database/database';
import type { ChargeBook } from './charge-book';
import type { CustomerBook } from './customer-book';
import type { OrderBook } from './order-book';
import type { PaymentBook } from './payment-book';
import type { TransactionBook } from './transaction-book';

/** The key of a row, of one or two parts: the next page begins behind the last one's. */
export type PageKey = readonly string[];
export const firstPage: PageKey = ['', ''];

export interface PageOf<Book> {
  readonly rows: readonly Book[];
  /** `null` behind the last page. */
  readonly next: PageKey | null;
}

/** One page of a book. Each statement sees the database at one moment. */
export type ReadPage<Book> = (tx: Queryable, runId: string, after: PageKey, limit: number) => Promise<PageOf<Book>>;

/** A statement with the run as $1, the last page's key as $2, and how many rows as $3; each row has its key as `at`. */
const pages =
  <Book>(sql: string): ReadPage<Book> =>
  async (tx, runId, after, limit) => {
    const found = await tx.$queryRawUnsafe<(Book & { at: string[] })[]>(
      `${PLANNED_EACH_TIME} WITH run AS (SELECT * FROM reconciliation_run WHERE run_id = $1) ${sql}`,
      runId,
      [...after],
      limit,
    );
    return { rows: found, next: found.length < limit ? null : (found.at(-1)?.at ?? null) };
  };

/** A saga of the order runs, or ended only now: what it does is not yet the same everywhere. One that is lost does not run. */
const moves = (orderId: string): string =>
  `EXISTS (SELECT FROM saga WHERE saga.order_id = ${orderId}
     AND ((saga.state NOT IN ('completed', 'compensated') AND saga.lost_at IS NULL) OR saga.ended_at > run.settled_at))`;

export const readCharges = pages<ChargeBook>(`
  SELECT ARRAY[there.provider, there.key] AS at, there.provider, there.charge_ref, there.payment_id,
    there.amount::float8, there.currency, asked.payment_id IS NOT NULL AS known,
    there.created_at > run.settled_at OR ${moves('payment.order_id')} AS in_motion
  FROM run JOIN reconciliation_charge there USING (run_id)
  LEFT JOIN provider_charge asked ON asked.key = there.key AND asked.provider = there.provider
  LEFT JOIN payment ON payment.payment_id = there.payment_id
  WHERE (there.provider, there.key) > (($2::text[])[1], ($2::text[])[2])
  ORDER BY there.provider, there.key LIMIT $3`);

/** A payment's credit is booked for its saga, or for the one that was begun in its place. */
export const readPayments = pages<PaymentBook>(`
  SELECT ARRAY[payment.payment_id] AS at, payment.payment_id, payment.status, payment.amount::float8, payment.currency,
    orders.status AS order_status,
    (SELECT coalesce(sum(entry.amount), 0)::float8
     FROM saga JOIN ledger_transaction booked ON booked.reference = saga.saga_id
       AND booked.kind IN ('payment_credit', 'payment_credit_reversal')
     JOIN ledger_entry entry USING (ledger_transaction_id)
     WHERE saga.order_id = payment.order_id AND saga.input->>'payment_id' = payment.payment_id
       AND entry.account = '${customerAccount('')}' || payment.customer_id AND entry.currency = payment.currency
    ) AS credited,
    CASE WHEN asked.payment_id IS NOT NULL THEN json_build_object('provider', asked.provider, 'state', asked.state,
      'amount', asked.amount, 'currency', asked.currency) END AS charge,
    CASE WHEN there.key IS NOT NULL THEN json_build_object('amount', there.amount, 'currency', there.currency,
      'refunded_amount', there.refunded_amount) END AS there,
    CASE WHEN payment.conflict IS NOT NULL AND EXISTS (SELECT FROM event
      WHERE aggregate_type = 'payment' AND aggregate_id = payment.payment_id AND type = 'payment.conflicted'
        AND occurred_at >= run.since) THEN payment.conflict END AS conflict,
    CASE WHEN payment.status = 'FAILED' AND asked.payment_id IS NULL AND payment.requested_at >= run.since
      AND NOT EXISTS (SELECT FROM audit_log
        WHERE subject = payment.payment_id AND action = '${PAYMENT_RETURNED}' AND at >= payment.requested_at)
      THEN payment.failure_code END AS refused,
    coalesce(asked.provider = ANY (run.providers) AND asked.created_at >= run.since, false) AS comparable,
    ${moves('payment.order_id')} OR coalesce(asked.changed_at > run.settled_at, false) AS in_motion
  FROM run CROSS JOIN payment JOIN orders USING (order_id)
  LEFT JOIN provider_charge asked ON asked.payment_id = payment.payment_id
  LEFT JOIN reconciliation_charge there
    ON there.run_id = run.run_id AND there.provider = asked.provider AND there.key = asked.key
  WHERE payment.payment_id > ($2::text[])[1] ORDER BY payment.payment_id LIMIT $3`);

export const readOrders = pages<OrderBook>(`
  SELECT ARRAY[orders.order_id] AS at, orders.order_id, orders.status,
    (SELECT count(*)::int FROM payment WHERE payment.order_id = orders.order_id AND status = 'CAPTURED') AS captured,
    (SELECT count(*)::int FROM payment WHERE payment.order_id = orders.order_id AND status = 'REFUNDED') AS refunded,
    ${moves('orders.order_id')} AS in_motion
  FROM run CROSS JOIN orders WHERE orders.order_id > ($2::text[])[1] ORDER BY orders.order_id LIMIT $3`);

/** Both sums leave out the orders that are in motion, so that a customer who always buys is compared as well. */
export const readCustomers = pages<CustomerBook>(`
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

export const readTransactions = pages<TransactionBook>(`
  SELECT ARRAY[ledger_transaction_id, currency] AS at, ledger_transaction_id, currency, sum(amount)::float8 AS sum
  FROM run CROSS JOIN ledger_entry
  WHERE (ledger_transaction_id, currency) > (($2::text[])[1], ($2::text[])[2]::bpchar)
  GROUP BY ledger_transaction_id, currency ORDER BY ledger_transaction_id, currency LIMIT $3`);
