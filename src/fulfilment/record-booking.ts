import { z } from 'zod';
import { handle } from '../mediator/handler';
import { defineCommand } from '../mediator/message';

const booked = z.strictObject({ booking_ref: z.string() });

/** After the carrier has taken the booking: the step's once-key keeps what it is called. */
export const recordBooking = defineCommand({ name: 'RecordBooking', input: booked, result: booked, roles: [] });

export const recordBookingHandler = handle(recordBooking, async (booking) => booking);

/** After the carrier has cancelled what it had booked, if anything: the step's row says so. */
export const recordBookingCancelled = defineCommand({
  name: 'RecordBookingCancelled',
  input: z.strictObject({}),
  result: z.null(),
  roles: [],
});

export const recordBookingCancelledHandler = handle(recordBookingCancelled, async () => null);
