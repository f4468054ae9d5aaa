import { createHash } from 'node:crypto';
import { z } from 'zod';
import { defineCommand, handle } from '../cqrs/message';
import type { ProviderCharge } from '../payments/providers/provider';
import { text } from '../platform/bounds';
import type { Queryable } from '../platform/database/database';
import { newId } from '../platform/values';
import { statementNames } from '../temporal-contract';
import {
  type Discrepancy,
  discrepancy,
  type DiscrepancyKind,
  noStatements,
  reconcile,
  type Statements,
} from './reconcile';
import {
  deleteCopies,
  deleteOthers,
  finishRun,
  insertCharges,
  insertRun,
  markRead,
  upsertDiscrepancies,
} from './reconciliation.sql';
import {
  type PageKey,
  readCharges,
  readCustomers,
  readOrders,
  type ReadPage,
  readPayments,
  readTransactions,
} from './statements.sql';

/** Begins a run. Returns the start of its window and the providers of recent charges. */
export const beginReconciliation = defineCommand({
  name: 'BeginReconciliation',
  input: z.strictObject({ window_ms: z.int().min(0), grace_ms: z.int().min(0) }),
  result: z.object({ run_id: z.string(), since: z.string(), providers: z.array(z.string()) }),
  roles: [],
});

/** Handles {@link beginReconciliation}. */
export const beginReconciliationHandler = handle(beginReconciliation, async ({ window_ms, grace_ms }, { uow }) => {
  const { run_id, since, providers } = await insertRun(uow.tx, newId('rec'), window_ms, grace_ms);
  return { run_id, since, providers: [...providers] };
});

/** Compares one page of a statement and stores its discrepancies. It changes nothing else. */
export const comparePage = defineCommand({
  name: 'ComparePage',
  input: z.strictObject({
    run_id: z.string(),
    book: z.enum(statementNames),
    after: z.array(z.string()).readonly(),
    limit: z.int().min(1).max(10_000),
  }),
  result: z.object({
    next: z.array(z.string()).readonly().nullable(),
    compared: z.int(),
    differences: z.int(),
    /** Discrepancies that no earlier run found. */
    new_discrepancies: z.array(z.custom<Discrepancy>()),
  }),
  roles: [],
});

const pageReaders: { readonly [Name in keyof Statements]: ReadPage<Statements[Name][number]> } = {
  charges: readCharges,
  payments: readPayments,
  orders: readOrders,
  customers: readCustomers,
  transactions: readTransactions,
};

/** Handles {@link comparePage}. */
export const comparePageHandler = handle(comparePage, async ({ run_id, book, after, limit }, { uow }) => {
  const { rows, next } = await pageOf(book, uow.tx, run_id, after, limit);
  const discrepancies = reconcile({ ...noStatements, [book]: rows });
  const new_discrepancies = await upsertDiscrepancies(uow.tx, run_id, discrepancies);
  return { next, compared: rows.length, differences: discrepancies.length, new_discrepancies };
});

const pageOf = (book: keyof Statements, tx: Queryable, runId: string, after: PageKey, limit: number) =>
  pageReaders[book](tx, runId, after, limit);

/** Stores a part of a provider's list. `last` marks the list as complete. */
export const copyCharges = defineCommand({
  name: 'CopyCharges',
  input: z.strictObject({
    run_id: z.string(),
    provider: z.string(),
    charges: z
      .array(
        z.object({
          key: z.string(),
          charge_ref: z.string(),
          payment_id: z.string(),
          amount: z.int(),
          currency: z.string(),
          refunded_amount: z.int(),
          created_at: z.string(),
        }),
      )
      .readonly(),
    last: z.boolean(),
  }),
  result: z.null(),
  roles: [],
});

/** Handles {@link copyCharges}. */
export const copyChargesHandler = handle(copyCharges, async ({ run_id, provider, charges, last }, { uow }) => {
  await insertCharges(uow.tx, run_id, provider, charges);
  if (last) await markRead(uow.tx, run_id, provider);
  return null;
});

/** The kinds that cannot be compared without a provider's list. Their last known discrepancies stay. */
const OF_PROVIDERS: readonly DiscrepancyKind[] = [
  'charge_unknown_here',
  'charge_unknown_to_provider',
  'amount_differs',
  'refund_unknown_here',
  'refund_unknown_to_provider',
];

/** Publishes the run to operators and deletes the discrepancies that it did not find. */
export const finishReconciliation = defineCommand({
  name: 'FinishReconciliation',
  input: z.strictObject({ run_id: z.string(), unread: z.array(z.string()).readonly() }),
  result: z.object({ resolved: z.int(), new_discrepancies: z.array(z.custom<Discrepancy>()) }),
  roles: [],
});

/** Handles {@link finishReconciliation}. */
export const finishReconciliationHandler = handle(finishReconciliation, async ({ run_id, unread }, { uow }) => {
  const unknown = unread.map((provider) =>
    discrepancy('provider_not_read', provider, { expected: 'its charges', actual: null }),
  );
  const new_discrepancies = await upsertDiscrepancies(uow.tx, run_id, unknown);
  const resolved = await deleteOthers(uow.tx, run_id, unread.length > 0 ? OF_PROVIDERS : []);
  await finishRun(uow.tx, run_id);
  return { resolved, new_discrepancies };
});

/** Deletes a batch of copied charges and returns their number. Do not send it while a run compares. */
export const forgetCopies = defineCommand({
  name: 'ForgetCopies',
  input: z.strictObject({ limit: z.int().min(1).max(10_000) }),
  result: z.int(),
  roles: [],
});

/** Handles {@link forgetCopies}. */
export const forgetCopiesHandler = handle(forgetCopies, ({ limit }, { uow }) => deleteCopies(uow.tx, limit));

/** The lengths of the columns, in characters. Our keys and ids are shorter. */
const MAX = { key: 500, charge_ref: 500, payment_id: 64, currency: 10 } as const;

/**
 * Returns the charge with texts that the database can store: long texts are cut, other characters are replaced. An
 * unstorable key becomes a digest, so that keys stay distinct. Such a charge is reported as unknown.
 */
export const storableCharge = (charge: ProviderCharge): ProviderCharge => ({
  ...charge,
  key: fits(charge.key, MAX.key) ? charge.key : `unreadable/${digestOf(charge.key)}`,
  charge_ref: storable(charge.charge_ref, MAX.charge_ref),
  payment_id: storable(charge.payment_id, MAX.payment_id),
  currency: storable(charge.currency, MAX.currency),
});

/** An empty text fits, because Stripe's charges may have no payment id. */
const fits = (value: string, max: number): boolean => value === '' || text(max).safeParse(value).success;

const storable = (value: string, max: number): string =>
  fits(value, max)
    ? value
    : [...value.slice(0, 2 * max)]
        .slice(0, max)
        .join('')
        .replace(/[\p{Cc}\p{Cs}]/gu, '\ufffd');

/** The digest of the UTF-16, because in UTF-8 all lone surrogates are equal. */
const digestOf = (value: string): string =>
  createHash('sha256').update(Buffer.from(value, 'utf16le')).digest('base64url');
