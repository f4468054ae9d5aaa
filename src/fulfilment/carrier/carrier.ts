/** Goods to be carried; every retry of the same booking says the same. */
export interface BookingRequest {
  /** Idempotency key: one key is booked at most once. */
  readonly key: string;
  readonly shipment_id: string;
  readonly order_id: string;
  readonly product_sku: string;
  readonly quantity: number;
}

export interface Booking {
  /** The carrier's own id of the booking. */
  readonly booking_ref: string;
}

/** Who carries goods. Every adapter passes one contract suite. */
export interface Carrier {
  readonly name: string;
  /**
   * The same key again answers the same booking.
   *
   * @throws Refusal `shipment_refused`, or `booking_cancelled` after a cancel of the key. Any other error leaves
   *   open whether it was booked: ask again with the same key.
   */
  book(request: BookingRequest): Promise<Booking>;
  /** Cancels what the key booked, if it did. Once it has resolved, a late booking of the key books nothing. */
  cancel(request: BookingRequest): Promise<void>;
}
