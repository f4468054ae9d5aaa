import type { Queryable } from '../platform/database/database';

/** What is added to a day. */
export interface Sale {
  /** UTC, `YYYY-MM-DD`. */
  readonly day: string;
  readonly currency: string;
  readonly orders: number;
  /** Minor units. */
  readonly amount: number;
  /** Minor units. */
  readonly refunded_amount: number;
}

/** Adds a sale to its day. */
export async function addSale(tx: Queryable, sale: Sale): Promise<void> {
  await tx.$executeRawUnsafe(
    `INSERT INTO sales_daily (day, currency, orders, amount, refunded_amount) VALUES ($1::date, $2, $3, $4, $5)
     ON CONFLICT (day, currency) DO UPDATE
     SET orders = sales_daily.orders + excluded.orders, amount = sales_daily.amount + excluded.amount,
         refunded_amount = sales_daily.refunded_amount + excluded.refunded_amount`,
    sale.day,
    sale.currency,
    sale.orders,
    sale.amount,
    sale.refunded_amount,
  );
}
