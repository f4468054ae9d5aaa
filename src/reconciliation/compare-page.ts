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
import { bookNames } from '../contract';
import type { Difference } from './difference';
import { type Books, noBooks, reconcile } from './reconcile';
import { upsertDifferences } from './reconciliation.sql';

/** Compares one page of a book with the others, and keeps what differs: nothing else is changed. */
export const comparePage = defineCommand({
  name: 'ComparePage',
  input: z.strictObject({
    run_id: z.string(),
    book: z.enum(bookNames),
    after: z.array(z.string()).readonly(),
    limit: z.int().min(1).max(10_000),
  }),
  result: z.object({
    next: z.array(z.string()).readonly().nullable(),
    compared: z.int(),
    differences: z.int(),
    /** That no run before had found. */
    fresh: z.array(z.custom<Difference>()),
  }),
  roles: [],
});

const pageReaders: { readonly [Name in keyof Books]: ReadPage<Books[Name][number]> } = {
  charges: readCharges,
  payments: readPayments,
  orders: readOrders,
  customers: readCustomers,
  transactions: readTransactions,
};

export const comparePageHandler = handle(comparePage, async ({ run_id, book, after, limit }, { uow }) => {
  const { rows, next } = await pageOf(book, uow.tx, run_id, after, limit);
  const differences = reconcile({ ...noBooks, [book]: rows });
  const fresh = await upsertDifferences(uow.tx, run_id, differences);
  return { next, compared: rows.length, differences: differences.length, fresh };
});

const pageOf = (book: keyof Books, tx: Queryable, runId: string, after: PageKey, limit: number) =>
  pageReaders[book](tx, runId, after, limit);
