import { z } from 'zod';
import type { Circuit } from '../platform/circuit-breaker';
import { createJsonClient } from '../platform/json-client';
import { outsideId } from '../platform/schemas';

/** The goods to ship. Every retry of a booking has the same content. */
export interface BookingRequest {
  /** The idempotency key. A key is booked at most once. */
  readonly key: string;
  readonly shipment_id: string;
  readonly order_id: string;
  readonly product_sku: string;
  readonly quantity: number;
}

/** A carrier's booking. */
export interface Booking {
  /** The carrier's id of the booking. */
  readonly booking_ref: string;
}

/** A carrier of goods. Every adapter passes the same contract suite. */
export interface Carrier {
  readonly name: string;
  /**
   * Books the goods. Repeating a key returns its first booking.
   *
   * @throws Refusal `shipment_refused`, or `booking_cancelled` after a cancellation of the key. After any other
   *   error it is unknown whether the goods are booked: repeat the call with the same key.
   */
  book(request: BookingRequest): Promise<Booking>;
  /** Cancels the booking of a key, if there is one. Afterwards a late booking of the key is refused. */
  cancel(request: BookingRequest): Promise<void>;
}

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

/** What the carrier needs. */
export interface CarrierOptions {
  /** Without a URL every call fails. */
  readonly config: { readonly url?: string };
  /** Creates a circuit breaker with this name. */
  readonly addCircuit: (name: string) => Circuit;
}

/** Creates the configured carrier. Without `CARRIER_URL` every call fails. */
export function createCarrier({ config: { url }, addCircuit }: CarrierOptions): Carrier {
  const name = 'carrier';
  if (url !== undefined) return createHttpCarrier({ name, url, circuit: addCircuit(name) });
  const missing = async (): Promise<never> => {
    throw new Error('This deployment has no carrier: set CARRIER_URL.');
  };
  return { name, book: missing, cancel: missing };
}
