import { Hono } from 'hono';
import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import type { BookingRequest } from '../../src/fulfilment/carrier';
import { behaviourChange, createBehaviourSwitch, readBody, Refused } from './behaviour';

/** An entry of the carrier's journal. */
export type BookingEntry =
  | { readonly type: 'booked'; readonly key: string; readonly booking_ref: string; readonly request: BookingRequest }
  | { readonly type: 'cancelled'; readonly key: string };

/** A booking on the carrier's books. */
export interface BookedShipment extends BookingRequest {
  readonly booking_ref: string;
  readonly cancelled: boolean;
}

/** A carrier's books. Each key is booked at most once, and never after its cancellation. */
export interface Bookings {
  /**
   * Books a shipment. @throws Refused `booking_cancelled`, or `shipment_refused` for a product that it does not carry
   */
  book(request: BookingRequest): string;
  cancel(key: string): void;
  all(): readonly BookedShipment[];
}

/** The product of the development catalogue that the carrier refuses. */
const NOT_CARRIED = 'unshippable';

/** Creates a carrier's books from its journal. */
export function createBookings(past: readonly BookingEntry[], append: (entry: BookingEntry) => void): Bookings {
  const booked = new Map<string, Omit<BookedShipment, 'cancelled'>>();
  const cancelled = new Set<string>();

  function apply(entry: BookingEntry): void {
    if (entry.type === 'cancelled') cancelled.add(entry.key);
    else booked.set(entry.key, { ...entry.request, booking_ref: entry.booking_ref });
  }

  function happen(entry: BookingEntry): void {
    append(entry);
    apply(entry);
  }

  past.forEach(apply);
  return {
    book(request) {
      const { key, product_sku } = request;
      if (cancelled.has(key)) throw new Refused(409, 'booking_cancelled');
      const known = booked.get(key);
      if (known) return known.booking_ref;
      if (product_sku === NOT_CARRIED) throw new Refused(422, 'shipment_refused');
      const booking_ref = `bk_${uuidv7()}`;
      happen({ type: 'booked', key, booking_ref, request });
      return booking_ref;
    },
    cancel(key) {
      if (!cancelled.has(key)) happen({ type: 'cancelled', key });
    },
    all: () => [...booked.values()].map((booking) => ({ ...booking, cancelled: cancelled.has(booking.key) })),
  };
}

const bookingRequest: z.ZodType<BookingRequest> = z.object({
  key: z.string().min(1),
  shipment_id: z.string(),
  order_id: z.string(),
  product_sku: z.string(),
  quantity: z.int().min(1),
});

/** Creates the routes of the test carrier, and of `/control`, by which tests read and change it. */
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
