import { z } from 'zod';
import { handle } from '../mediator/handler';
import { defineCommand } from '../mediator/message';

const booked = z.strictObject({ booking_ref: z.string() });

/** Records the carrier's booking, as the stored result of the step. */
export const recordBooking = defineCommand({ name: 'RecordBooking', input: booked, result: booked, roles: [] });

export const recordBookingHandler = handle(recordBooking, async (booking) => booking);

/** Records that the carrier has cancelled the booking, if there was one. */
export const recordBookingCancelled = defineCommand({
  name: 'RecordBookingCancelled',
  input: z.strictObject({}),
  result: z.null(),
  roles: [],
});

export const recordBookingCancelledHandler = handle(recordBookingCancelled, async () => null);
