/**
 * Something the person at the terminal can put right: one sentence with the command that helps.
 * Printed alone, without a stack, and the program ends with 1.
 */
export class Problem extends Error {
  override name = 'Problem';
}

/** True for a Node system error with this code, such as `ENOENT` or `EADDRINUSE`. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** The one sentence for what stopped a command: a {@link Problem} as it is, known system errors explained. */
export function explain(error: unknown): string {
  if (error instanceof Problem) return error.message;
  if (hasCode(error, 'ENOSPC'))
    return 'The disk is full: free some space (`df -h` shows where) and run the command again.';
  if (hasCode(error, 'EACCES') || hasCode(error, 'EPERM')) return `Permission denied: ${(error as Error).message}`;
  if (process.env.DEBUG && error instanceof Error) return error.stack ?? error.message;
  return error instanceof Error ? error.message : String(error);
}
