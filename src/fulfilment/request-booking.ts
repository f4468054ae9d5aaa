import { z } from 'zod';
import { handle } from '../mediator/handler';
import { defineCommand } from '../mediator/message';
import { opaqueId } from '../platform/schemas';

const booking = z.object({
  /** Idempotency key at the carrier. */
  key: z.string(),
  shipment_id: z.string(),
  order_id: z.string(),
  product_sku: z.string(),
  quantity: z.int(),
});

/**
 * Before the carrier is asked: what it will be asked for. Its once-key says that it may have been, which is all
 * that the cancelling of a booking has to know; so it changes nothing else.
 */
export const requestBooking = defineCommand({
  name: 'RequestBooking',
  input: z.strictObject({ shipment_id: opaqueId, order_id: opaqueId, product_sku: z.string(), quantity: z.int() }),
  result: booking,
  roles: [],
});

export const requestBookingHandler = handle(requestBooking, async (goods) => ({ key: goods.shipment_id, ...goods }));
