import { shareAnswer } from '../shared-answer';
import { METRICS_FRESH_MS } from './metrics';

/**
 * What gauges tell of the database, read when they are scraped: whoever asks while it is read, or within a second after,
 * gets that. `undefined` while it cannot be read: no samples are better than old ones.
 */
export const scraped = <T>(read: () => Promise<T>, onError: (error: unknown) => void): (() => Promise<T | undefined>) =>
  shareAnswer(METRICS_FRESH_MS, () =>
    read().catch((error: unknown) => {
      onError(error);
      return undefined;
    }),
  );
