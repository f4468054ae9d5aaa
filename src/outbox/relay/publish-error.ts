/** A fault of one row itself, found without asking Kafka: no later attempt will do better by itself. */
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
 * Whose fault a failed send is. `row`: what was to be sent cannot be stored. `broker`: everything else
 * (unreachable, throttled, too few replicas, a topic that is missing, a right that was withdrawn): the
 * same rows will pass once that is mended, so it counts against none of them.
 */
export function publishErrorKind(error: unknown): 'broker' | 'row' {
  const root = rootCause(error);
  if (root instanceof RowError || root instanceof TypeError || root instanceof RangeError) return 'row';
  return REFUSED_CONTENT.has(typeOf(root)) ? 'row' : 'broker';
}

/** The reason as it is kept with the row and logged, one line. */
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
