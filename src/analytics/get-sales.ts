import { z } from '@hono/zod-openapi';
import { handle } from '../mediator/handler';
import { defineQuery } from '../mediator/message';
import { currency, day } from '../platform/schemas';

const DAY_MS = 24 * 3_600_000;
const DEFAULT_DAYS = 30;
/** The first day that Postgres supports. */
const FIRST_DAY = '0001-01-01';

/** The query of the route. */
export const salesFilter = z.strictObject({
  from: day.optional().openapi({ description: 'UTC day, inclusive. Defaults to 30 days ago.' }),
  to: day.optional().openapi({ description: 'UTC day, inclusive. Defaults to today.' }),
  currency: currency.optional(),
});

/** Sales in responses. Amounts in minor units. */
export const salesResponse = z
  .array(
    z.object({
      day: z.string().openapi({ format: 'date', example: '2026-11-21' }),
      currency,
      orders: z.int(),
      amount: z.int(),
      refunded_amount: z.int(),
    }),
  )
  .openapi('Sales');

/** Reads the sales per day and currency. The read model is slightly behind the orders. */
export const getSales = defineQuery({
  name: 'GetSales',
  input: salesFilter,
  result: salesResponse,
  roles: ['service', 'operator'],
});

export const getSalesHandler = handle(getSales, async ({ from, to, currency }, { database, now }) => {
  const until = new Date(to ?? now);
  const since = new Date(from ?? Math.max(until.getTime() - (DEFAULT_DAYS - 1) * DAY_MS, Date.parse(FIRST_DAY)));
  const days = await database.salesDaily.findMany({
    where: { day: { gte: startOfDay(since), lte: startOfDay(until) }, ...(currency !== undefined && { currency }) },
    orderBy: [{ day: 'asc' }, { currency: 'asc' }],
  });
  return days.map((row) => ({
    day: row.day.toISOString().slice(0, 10),
    currency: row.currency,
    orders: Number(row.orders),
    amount: Number(row.amount),
    refunded_amount: Number(row.refunded_amount),
  }));
});

const startOfDay = (time: Date): Date => new Date(time.toISOString().slice(0, 10));
