/** Prints one line of progress. */
export type Log = (line: string) => void;

/** Milliseconds as a person reads them: `850 ms`, `4.2 s`, `3 min 5 s`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

/**
 * Runs one stage and prints its end with its duration; a stage that takes long says every 15 s that
 * it is still at work, so that nobody wonders whether it hangs.
 */
export async function stage<T>(log: Log, title: string, work: () => Promise<T>): Promise<T> {
  const begun = performance.now();
  const elapsed = (): string => duration(performance.now() - begun);
  const reminder = setInterval(() => log(`… ${title} (${elapsed()})`), 15_000);
  try {
    const result = await work();
    log(`✓ ${title} (${elapsed()})`);
    return result;
  } catch (error) {
    log(`✗ ${title} (${elapsed()})`);
    throw error;
  } finally {
    clearInterval(reminder);
  }
}
