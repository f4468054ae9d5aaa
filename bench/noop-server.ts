import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import type { OrderResponse } from '../src/orders/order-response';
import { newOrder } from '../src/orders/place-order';
import { opaqueId } from '../src/platform/schemas';

/**
 * The limit of the HTTP side: parse, validate with the same schemas, answer the same shape. Leaves out
 * keys, request ids, logs, body limit, roles, events, ids, and of course the database.
 */
const order: OrderResponse = {
  order_id: 'ord_0199f0c2a5b87c3e8d2f4b6a9c1e3d5f',
  status: 'PENDING_PAYMENT',
  invoice_id: 'inv_0199f0c2a5b87c3e8d2f4b6a9c1e3d60',
  customer_id: 'cus_bench_1',
  product_sku: 'vps.s',
  quantity: 1,
  amount: 9900,
  currency: 'EUR',
  version: 1,
  placed_at: '2026-01-01T00:00:00.000Z',
};

const app = new Hono();
app.get('/', (c) => c.text('ok'));
app.post('/orders', async (c) => {
  const { customer_id, product_sku, amount, quantity, currency } = newOrder.parse(await c.req.json());
  return c.json({ ...order, customer_id, product_sku, amount, quantity, currency }, 201);
});
app.get('/orders/:order_id', (c) => c.json({ ...order, order_id: opaqueId.parse(c.req.param('order_id')) }));

const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(process.env.PORT) });
process.once('SIGTERM', () => {
  server.close();
  process.exit(0);
});
