/** A fault of one row that shows without Kafka. Another attempt fails in the same way. */
export class RowError extends Error {
  override readonly name = 'RowError';
}

/** Kafka refused what is in the batch. It names the batch, not the row. */
const REFUSED_CONTENT: ReadonlySet<unknown> = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_RECORD',
  'INVALID_TIMESTAMP',
  'INVALID_TOPIC_EXCEPTION',
  'POLICY_VIOLATION',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT',
]);

/**
 * Returns what a failed send is due to. `row`: Kafka refuses the content. `broker`: anything else, such as a broker
 * that is unreachable or throttles, too few replicas, a missing topic or a missing right. It counts against no row,
 * because the same rows pass once the cause is gone.
 */
export function publishErrorKind(error: unknown): 'broker' | 'row' {
  const root = rootCause(error);
  if (root instanceof RowError || root instanceof TypeError || root instanceof RangeError) return 'row';
  return REFUSED_CONTENT.has(typeOf(root)) ? 'row' : 'broker';
}

/** Returns the reason in one line, for the row and the log. */
export function publishErrorReason(error: unknown): string {
  const root = rootCause(error);
  const type = typeOf(root);
  const message = root instanceof Error ? root.message : String(root);
  return typeof type === 'string' ? `${type}: ${message}` : message;
}

function rootCause(error: unknown): unknown {
  let root = error;
  while (root instanceof Error && root.cause instanceof Error) root = root.cause;
  return root;
}

const typeOf = (error: unknown): unknown => (error instanceof Error && 'type' in error ? error.type : undefined);
