import { Hono } from 'hono';
import { z } from 'zod';
import type { BookingRequest } from '../../src/fulfilment/carrier/carrier';
import { behaviourChange, createBehaviourSwitch } from './behaviour';
import type { Bookings } from './bookings';
import { readBody } from './read-body';

const bookingRequest: z.ZodType<BookingRequest> = z.object({
  key: z.string().min(1),
  shipment_id: z.string(),
  order_id: z.string(),
  product_sku: z.string(),
  quantity: z.int().min(1),
});

/** The test carrier, and at `/control` what tests look at and turn. */
export function createCarrierRoutes(bookings: Bookings): Hono {
  const behaviour = createBehaviourSwitch();
  const routes = new Hono();

  routes.put('/control', async (c) => {
    behaviour.set(await readBody(c, behaviourChange));
    return c.body(null, 204);
  });
  routes.get('/control', (c) => c.json({ bookings: bookings.all() }));

  routes.post('/bookings', behaviour.middleware, async (c) =>
    c.json({ booking_ref: bookings.book(await readBody(c, bookingRequest)) }),
  );
  routes.post('/cancellations', behaviour.middleware, async (c) => {
    const { key } = await readBody(c, bookingRequest);
    bookings.cancel(key);
    return c.json({});
  });
  return routes;
}
