/** A code that the service refuses with. */
export interface RefusalCodeEntry {
  /** The HTTP status of the problem that carries it. */
  readonly status: 400 | 401 | 403 | 404 | 405 | 409 | 413 | 415 | 422 | 500 | 503;
  /** What happened, and why. */
  readonly meaning: string;
  /** What the caller can do about it. */
  readonly remedy: string;
}

const code = <const Status extends RefusalCodeEntry['status']>(status: Status, meaning: string, remedy: string) => ({
  status,
  meaning,
  remedy,
});

/** The codes of HTTP problems. They are stable, because clients decide by them. */
export const httpCodes = {
  malformed_json: code(400, 'The body is not well-formed JSON, or not UTF-8.', 'Send the body as JSON (RFC 8259).'),
  bad_request: code(400, 'The request cannot be read as HTTP.', 'Check the headers and the encoding of the body.'),
  unauthorized: code(
    401,
    'The request has no key, or a key that is unknown, expired or revoked.',
    'Send `Authorization: Bearer <key>`. `paysaga keys create` makes a key.',
  ),
  invalid_signature: code(
    401,
    'The webhook’s signature does not match its body, or is older than 5 minutes.',
    'Compare the secret on both sides and the sender’s clock.',
  ),
  forbidden: code(
    403,
    'The key’s role may not do this, or not for this customer.',
    'Use a key with one of the roles that the detail names.',
  ),
  not_found: code(404, 'There is no such path.', 'See `/docs` for the paths.'),
  order_not_found: code(
    404,
    'There is no such order, or it belongs to another customer.',
    'Check the `order_id`, and whose key you use.',
  ),
  order_version_not_found: code(
    404,
    'The order has no such version: it is above the newest one.',
    '`GET /orders/{order_id}/events` lists the versions.',
  ),
  invoice_not_found: code(404, 'The order has no such invoice.', 'Use the `invoice_id` that the order has.'),
  payment_not_found: code(404, 'There is no such payment.', 'Check the `payment_id`.'),
  saga_not_found: code(
    404,
    'There is no such saga.',
    'Use `payment-<payment_id>`, `order-<order_id>` or `shipment-<order_id>`.',
  ),
  customer_not_found: code(
    404,
    'The customer has no orders, or the key belongs to another one.',
    'Check the `customer_id`.',
  ),
  product_not_found: code(404, 'The catalogue has no such product.', '`GET /products` lists the products.'),
  outbox_row_not_found: code(
    404,
    'The outbox has no such row: it was published, discarded, or did not exist.',
    '`paysaga outbox ls` lists the rows that wait for an operator.',
  ),
  dead_letter_not_found: code(
    404,
    'There is no such dead letter: it was applied, has expired, or did not exist.',
    '`paysaga dead-letters ls` lists the open ones.',
  ),
  replay_not_found: code(404, 'There is no such replay.', 'Use the `replay_id` of the answer that started it.'),
  key_not_found: code(404, 'There is no such API key.', '`paysaga keys ls` lists the keys.'),
  method_not_allowed: code(405, 'The path does not allow this method.', 'Use a method that the header `Allow` lists.'),
  key_revoked: code(409, 'The API key is revoked.', 'Create another key.'),
  key_expired: code(409, 'The API key has expired.', 'Create another key.'),
  key_rotated: code(409, 'The API key was rotated before.', 'Rotate the key that replaced it, or create another key.'),
  request_in_progress: code(
    409,
    'The first request with this `Idempotency-Key` is still running.',
    'Repeat the request after `Retry-After` seconds.',
  ),
  order_not_cancellable: code(409, 'The order is paid, fulfilled or refunded.', 'Refund the order instead.'),
  order_not_payable: code(
    409,
    'The order is cancelled, paid, or charged automatically.',
    'Return the money to its payer; `GET /admin/reconciliation` lists it until then.',
  ),
  order_not_refundable: code(
    409,
    'The order is not `REFUND_DUE`.',
    'Read the order: its status says what is left to do.',
  ),
  invoice_already_paid: code(
    409,
    'Another payment has paid the invoice.',
    'Return the money to its payer; `GET /admin/reconciliation` lists it until then.',
  ),
  payment_conflict: code(
    409,
    'The same `payment_id` was used before, with other content.',
    'Compare the two: a payment’s content never changes.',
  ),
  payment_not_refused: code(
    409,
    'The payment was not refused: no money is to be returned by hand.',
    'Read the payment’s saga.',
  ),
  saga_compensated: code(
    409,
    'The saga failed at `failed_step`, and what it had done was undone.',
    'Correct the cause, then restart the saga (`paysaga sagas restart`).',
  ),
  saga_not_compensated: code(
    409,
    'Only the newest saga of a payment can be restarted, and only after it was compensated.',
    'Read the saga: its state says what it waits for.',
  ),
  step_not_stuck: code(
    409,
    'The step is not stuck: the saga continues by itself.',
    'Read the saga again before you act.',
  ),
  outbox_row_not_parked: code(
    409,
    'The relay still tries the row by itself.',
    'Wait until the row is a dead letter, or correct what its error names.',
  ),
  dead_letter_closed: code(409, 'The letter was replayed or discarded before.', 'Nothing is left to do.'),
  not_first_of_key: code(
    409,
    'The letter waits behind an earlier one of its key.',
    'Replay or discard the earlier letter first.',
  ),
  nothing_to_replay: code(
    409,
    'The event log has no event in this range.',
    'Widen the range; a dry run shows what it holds.',
  ),
  replay_window_passed: code(
    409,
    'The events are older than the consumers’ memory of what they have applied.',
    'Choose newer events: an older one could be applied twice.',
  ),
  kind_fixed: code(409, 'A product’s kind never changes.', 'Make a new product with another SKU.'),
  stock_reserved: code(
    409,
    'The stock would be below what is reserved for orders.',
    'Set a stock that is at least `reserved`.',
  ),
  stock_unlimited: code(
    409,
    'The product has no stock that a difference could change.',
    'Set the stock absolutely first.',
  ),
  payload_too_large: code(413, 'The body is larger than 64 KiB, or a webhook’s than 1 MiB.', 'Send a smaller body.'),
  unsupported_media_type: code(
    415,
    'The body is not sent as `application/json`, or is compressed.',
    'Set `Content-Type: application/json`, and leave `Content-Encoding` out.',
  ),
  validation_failed: code(
    422,
    'A value does not have the expected form.',
    'See `errors`: each names a place by a JSON pointer.',
  ),
  unknown_product: code(
    422,
    'The order names a product that the catalogue does not have.',
    '`GET /products` lists the products.',
  ),
  price_mismatch: code(
    422,
    'The amount or currency does not match the catalogue.',
    'Read the price again, show it to the customer, and send price × quantity.',
  ),
  amount_mismatch: code(
    422,
    'The payment does not pay exactly the invoice’s amount in its currency.',
    'Return the money to its payer; `GET /admin/reconciliation` lists it until then.',
  ),
  idempotency_key_reused: code(
    422,
    'The same `Idempotency-Key` was used before, with another body.',
    'Make a new key for each new request.',
  ),
  expiry_passed: code(422, 'The key’s `expires_at` is not in the future.', 'Choose a later time, or leave it out.'),
  stock_too_large: code(
    422,
    'The stock would be more than can be counted.',
    'Set a smaller stock, or `null` for one without limit.',
  ),
  unknown_event_type: code(
    422,
    'The replay names a type that is not in the registry.',
    'Use a type that the event catalogue lists.',
  ),
  internal_error: code(
    500,
    'The service failed. The cause is in its log, under the `request_id`.',
    'Repeat the request with the same `Idempotency-Key`; report the `request_id`.',
  ),
  unavailable: code(
    503,
    'The database or Temporal does not answer, or is busy.',
    'Repeat the request after `Retry-After` seconds, with the same `Idempotency-Key`.',
  ),
  overloaded: code(
    503,
    'The service gets more requests than it can answer in time. Nothing was done.',
    'Repeat the request after `Retry-After` seconds.',
  ),
} satisfies Record<string, RefusalCodeEntry>;

const inSaga = (meaning: string, remedy: string): RefusalCodeEntry => code(409, meaning, remedy);

/**
 * The codes that only steps of sagas fail with. They appear as a step's `error`, and in a failed payment or shipment.
 */
export const stepCodes = {
  out_of_stock: inSaga('The goods are out of stock.', 'Raise the stock, then order again.'),
  payment_declined: inSaga('The provider declined the charge.', 'Order again with another payment method.'),
  insufficient_funds: inSaga('The payer’s account has too little money.', 'Order again with another payment method.'),
  payment_method_not_supported: inSaga(
    'No configured provider takes this payment method.',
    'Use a method that a provider of `PAYMENT_PROVIDERS` takes.',
  ),
  charge_voided: inSaga('The charge was voided before the provider took the money.', 'Order again.'),
  refund_refused: inSaga(
    'The provider refuses to pay the money back.',
    'Pay it back by other means, then skip the step.',
  ),
  shipment_refused: inSaga('The carrier does not carry this product.', 'The order is refunded; nothing is left to do.'),
  booking_cancelled: inSaga(
    'The booking was cancelled before it was made.',
    'The order is refunded; nothing is left to do.',
  ),
  invoice_not_payable: inSaga('The invoice is void: its order was cancelled.', 'Return the money to its payer.'),
  invoice_not_closed: inSaga('The invoice is not closed by this payment.', 'Read the invoice’s events.'),
  invoice_not_voidable: inSaga('Only an open invoice is voided.', 'Read the invoice’s events.'),
  order_not_fulfillable: inSaga('Only a paid order is fulfilled.', 'Read the order’s events.'),
  payment_not_captured: inSaga('The payment was not captured.', 'Read the payment’s events.'),
  payment_not_requested: inSaga('The payment is no longer in progress.', 'Read the payment’s events.'),
  shipment_not_requested: inSaga('The shipment is no longer in progress.', 'Read the shipment’s events.'),
  step_undone: inSaga(
    'The step was undone before its attempt ended.',
    'Nothing is left to do: the attempt did nothing.',
  ),
  fault_injected: inSaga('A fault point was armed with `refuse`.', '`DELETE /dev/faults` disarms all.'),
} satisfies Record<string, RefusalCodeEntry>;

/** A code of an HTTP problem. */
export type HttpCode = keyof typeof httpCodes;
/** A code of any refusal. */
export type RefusalCode = HttpCode | keyof typeof stepCodes;

/** Every code that the service refuses with. */
export const refusalCodes: Readonly<Record<RefusalCode, RefusalCodeEntry>> = { ...httpCodes, ...stepCodes };

/**
 * A business refusal: the request was understood and refused. Nothing was changed.
 *
 * `code` is stable and public. `http/` turns it into a problem, `activities/` into a non-retryable
 * `ApplicationFailure`. Any other error is a fault and is retried.
 */
export class Refusal extends Error {
  override readonly name = 'Refusal';

  constructor(
    readonly code: RefusalCode,
    /** A sentence for people: what happened, why, and what to do. */
    readonly detail: string,
    /** Additional members of the problem document, such as `saga_id` and `failed_step`. */
    readonly extra: Readonly<Record<string, unknown>> = {},
  ) {
    super(detail);
  }
}
