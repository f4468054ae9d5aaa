import { z } from 'zod';
import { handle } from '../mediator/handler';
import { defineCommand } from '../mediator/message';
import { opaqueId } from '../platform/schemas';

const booking = z.object({
  /** The idempotency key at the carrier. */
  key: z.string(),
  shipment_id: z.string(),
  order_id: z.string(),
  product_sku: z.string(),
  quantity: z.int(),
});

/**
 * The intent of the step `book_carrier`: returns the booking request. With its idempotency key the compensation knows that
 * a booking may exist. It changes nothing else.
 */
export const requestBooking = defineCommand({
  name: 'RequestBooking',
  input: z.strictObject({ shipment_id: opaqueId, order_id: opaqueId, product_sku: z.string(), quantity: z.int() }),
  result: booking,
  roles: [],
});

export const requestBookingHandler = handle(requestBooking, async (goods) => ({ key: goods.shipment_id, ...goods }));
