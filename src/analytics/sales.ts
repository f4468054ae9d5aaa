import { type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Mediator } from '../cqrs/mediator';
import { defineCommand, defineQuery, handle } from '../cqrs/message';
import { orderPaid, orderRefunded } from '../domain/order';
import { apiRoute, createRouter, json, sendOptions } from '../http/api-route';
import type { HttpEnv } from '../http/problem';
import type { ConsumerDefinition } from '../kafka/received-event';
import { isEvent } from '../kafka/received-event';
import type { Queryable } from '../platform/database/database';
import { amount, currency, day } from '../platform/schemas';

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

/** Handles {@link getSales}. */
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

/** Counts an `order.paid` or `order.refunded` on its UTC day. */
export const recordSale = defineCommand({
  name: 'RecordSale',
  input: z.strictObject({
    day,
    currency,
    orders: z.literal([0, 1]),
    amount: amount.or(z.literal(0)),
    refunded_amount: amount.or(z.literal(0)),
  }),
  result: z.null(),
  roles: [],
});

/** Handles {@link recordSale}. */
export const recordSaleHandler = handle(recordSale, async (sale, { uow }) => {
  await addSale(uow.tx, sale);
  return null;
});

/** Updates `sales_daily` from the events of orders. */
export const salesConsumer: ConsumerDefinition = {
  group: 'sales-projection',
  topics: [orderPaid.topic],
  toCommand(event) {
    const day = new Date(event.occurred_at).toISOString().slice(0, 10);
    if (isEvent(orderPaid, event)) {
      const { amount, currency } = event.payload;
      return recordSale({ day, currency, orders: 1, amount, refunded_amount: 0 });
    }
    if (isEvent(orderRefunded, event)) {
      const { amount, currency } = event.payload;
      return recordSale({ day, currency, orders: 0, amount: 0, refunded_amount: amount });
    }
    return undefined;
  },
};

/** Creates the route of the sales. */
export function createAnalyticsRoutes({ mediator }: { mediator: Mediator }): OpenAPIHono<HttpEnv> {
  const routes = createRouter();
  routes.openapi(
    apiRoute('/analytics/sales', {
      method: 'get',
      tags: ['analytics'],
      operationId: 'getSales',
      summary: 'Sales per day and currency, from the event stream',
      request: { query: salesFilter },
      responses: { 200: json(salesResponse, 'Days with sales') },
      refusals: ['forbidden'],
    }),
    async (c) => c.json(await mediator.send(getSales(c.req.valid('query')), sendOptions(c)), 200),
  );
  return routes;
}
