import type { RefusalCode } from './refusal-codes';

/**
 * A business refusal: the request was understood, and the answer is no. Nothing was changed.
 *
 * `code` is stable and public. It becomes an HTTP problem in `http/`, and a non-retryable
 * `ApplicationFailure` in `activities/`; anything that is not a Refusal is a fault, and retried.
 */
export class Refusal extends Error {
  override readonly name = 'Refusal';

  constructor(
    readonly code: RefusalCode,
    /** A sentence for people: what happened, why, and what to do. */
    readonly detail: string,
    /** More members of the problem document, e.g. `{ saga_id, failed_step }`. */
    readonly extra: Readonly<Record<string, unknown>> = {},
  ) {
    super(detail);
  }
}
