import { z } from 'zod';
import type { Circuit } from '../../platform/circuit/circuit-breaker';
import { createJsonClient } from '../../platform/json-client';
import { outsideId } from '../../platform/schemas';
import type { Carrier } from './carrier';

/** The address of a carrier. */
export interface HttpCarrierOptions {
  readonly name: string;
  /** The base address, without a trailing slash. */
  readonly url: string;
  readonly circuit: Circuit;
}

const REFUSALS = {
  shipment_refused: 'The carrier does not ship this product.',
  booking_cancelled: 'The booking was cancelled before it was made. Nothing is booked.',
};

const booked = z.object({ booking_ref: outsideId });

/** Creates a carrier with the HTTP protocol of the local stack's test carrier (`testing/provider/`). */
export function createHttpCarrier({ name, url, circuit }: HttpCarrierOptions): Carrier {
  const ask = createJsonClient({ name: `Carrier ${name}`, url, refusals: REFUSALS });
  return {
    name,
    book: (json) => circuit.call((signal) => ask({ method: 'POST', path: '/bookings', json, signal, answer: booked })),
    async cancel(json) {
      await circuit.call((signal) =>
        ask({ method: 'POST', path: '/cancellations', json, signal, answer: z.unknown() }),
      );
    },
  };
}
