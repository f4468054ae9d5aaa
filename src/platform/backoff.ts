export interface Backoff {
  /** How long to wait now, in ms; longer each time. */
  next(): number;
  /** It works again. */
  reset(): void;
}

export interface BackoffOptions {
  readonly initialMs: number;
  readonly maxMs: number;
  /** 0 up to 1. */
  readonly random?: () => number;
}

/**
 * Doubles from `initialMs` to `maxMs`, each wait somewhere in its upper half, so that processes which
 * failed together do not come back together.
 */
export function createBackoff({ initialMs, maxMs, random = Math.random }: BackoffOptions): Backoff {
  let ceiling = initialMs;
  return {
    next() {
      const wait = ceiling / 2 + (random() * ceiling) / 2;
      ceiling = Math.min(maxMs, ceiling * 2);
      return Math.round(wait);
    },
    reset() {
      ceiling = initialMs;
    },
  };
}
