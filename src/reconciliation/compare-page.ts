import { z } from 'zod';
import type { Queryable } from '../platform/database/database';
import { handle } from '../mediator/handler';
import { defineCommand } from '../mediator/message';
import {
  type PageKey,
  readCharges,
  readCustomers,
  readOrders,
  type ReadPage,
  readPayments,
  readTransactions,
} from './books/books.sql';
import { statementNames } from '../contract';
import type { Discrepancy } from './difference';
import { type Statements, noStatements, reconcile } from './reconcile';
import { upsertDiscrepancies } from './reconciliation.sql';

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

export const comparePageHandler = handle(comparePage, async ({ run_id, book, after, limit }, { uow }) => {
  const { rows, next } = await pageOf(book, uow.tx, run_id, after, limit);
  const discrepancies = reconcile({ ...noStatements, [book]: rows });
  const new_discrepancies = await upsertDiscrepancies(uow.tx, run_id, discrepancies);
  return { next, compared: rows.length, differences: discrepancies.length, new_discrepancies };
});

const pageOf = (book: keyof Statements, tx: Queryable, runId: string, after: PageKey, limit: number) =>
  pageReaders[book](tx, runId, after, limit);
