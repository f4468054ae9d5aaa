import type { Queryable } from '../platform/database';

export interface Sale {
  /** UTC, `YYYY-MM-DD`. */
  readonly day: string;
  readonly currency: string;
  /** Minor units. */
  readonly amount: number;
}

export async function addSale(tx: Queryable, { day, currency, amount }: Sale): Promise<void> {
  await tx.$executeRawUnsafe(
    `INSERT INTO sales_daily (day, currency, orders, amount) VALUES ($1::date, $2, 1, $3)
     ON CONFLICT (day, currency) DO UPDATE
     SET orders = sales_daily.orders + 1, amount = sales_daily.amount + excluded.amount`,
    day,
    currency,
    amount,
  );
}
