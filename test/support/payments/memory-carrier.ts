import type { Carrier } from '../../../src/fulfilment/carrier';
import { Refusal, type RefusalCode } from '../../../src/platform/refusal';
import { Refused } from '../../../testing/provider/behaviour';
import { createBookings } from '../../../testing/provider/carrier';

export interface MemoryCarrier extends Carrier {
  /** How many bookings stand under these keys. */
  standing(keys: readonly string[]): number;
}

/** The test carrier's own order book, without its process. */
export function createMemoryCarrier(): MemoryCarrier {
  const bookings = createBookings([], () => undefined);
  return {
    name: 'memory',
    async book(request) {
      try {
        return { booking_ref: bookings.book(request) };
      } catch (error) {
        if (error instanceof Refused) throw new Refusal(error.code as RefusalCode, `The carrier said ${error.code}.`);
        throw error;
      }
    },
    cancel: async ({ key }) => bookings.cancel(key),
    standing: (keys) => bookings.all().filter(({ key, cancelled }) => !cancelled && keys.includes(key)).length,
  };
}
