/** Several scrapers, or one that is impatient, cost the database one look a second. */
const FRESH_MS = 1_000;

/**
 * What gauges tell of the database, read when they are scraped: whoever asks while it is read, or within a second after,
 * gets that. `undefined` while it cannot be read: no samples are better than old ones.
 */
export function scraped<T>(read: () => Promise<T>, onError: (error: unknown) => void): () => Promise<T | undefined> {
  let last: { readonly answer: Promise<T | undefined>; readonly until: number } | undefined;
  return () => {
    if (!last || performance.now() > last.until) {
      const answer = read().catch((error: unknown) => {
        onError(error);
        return undefined;
      });
      last = { answer, until: performance.now() + FRESH_MS };
    }
    return last.answer;
  };
}
