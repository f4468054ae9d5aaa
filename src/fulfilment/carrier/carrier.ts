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
