const logged = new WeakSet<object>();

/** An error passes several places that log: the first one that knows more of it says all, the others name it. */
export function logFields(error: unknown): { err: unknown } | { error: string } {
  if (typeof error !== 'object' || error === null) return { err: error };
  if (logged.has(error)) return { error: error instanceof Error ? error.name : 'logged before' };
  logged.add(error);
  return { err: error };
}
