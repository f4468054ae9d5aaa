/** Options that do not go together, or a value that is none: exit 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
