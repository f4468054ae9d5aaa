import { z } from '@hono/zod-openapi';
import type { Order } from '../domain/order';
import { amount, currency, timestamp } from '../platform/schemas';

/** The statuses of an order. */
export const orderStatus = z.enum(['PENDING_PAYMENT', 'PAID', 'FULFILLED', 'CANCELLED', 'REFUNDED', 'REFUND_DUE']);

/** An order in responses. */
export const orderResponse = z
  .object({
    order_id: z.string().openapi({ example: 'ord_0199f0c2a5b87c3e8d2f4b6a9c1e3d5f' }),
    status: orderStatus,
    invoice_id: z.string(),
    customer_id: z.string(),
    product_sku: z.string().openapi({ example: 'vps.s' }),
    quantity: z.int(),
    amount,
    currency,
    version: z.int(),
    placed_at: timestamp,
  })
  .openapi('Order');

/** An order in responses. */
export type OrderResponse = z.infer<typeof orderResponse>;

/** Makes the response from the domain's state or from a row of Prisma. */
export const toOrderResponse = (
  order: Omit<Order, 'amount' | 'placed_at' | 'status' | 'collection_method'> & {
    readonly amount: number | bigint;
    readonly placed_at: string | Date;
    readonly status: string;
  },
): OrderResponse => ({
  order_id: order.order_id,
  status: orderStatus.parse(order.status),
  invoice_id: order.invoice_id,
  customer_id: order.customer_id,
  product_sku: order.product_sku,
  quantity: order.quantity,
  amount: Number(order.amount),
  currency: order.currency,
  version: order.version,
  placed_at: new Date(order.placed_at).toISOString(),
});
