/** Lets so many in at once; the others wait for their turn, but not longer than they like. */
export interface Gate {
  /** @returns `undefined` when too many wait, or the turn did not come within `waitMs`: the work was not begun then */
  pass<T>(waitMs: number, work: () => Promise<T>): Promise<T | undefined>;
  /** How many wait for their turn. */
  waiting(): number;
}

/** First come, first served. @param maxWaiting who comes when so many wait is turned away at once */
export function createGate(size: number, maxWaiting = Infinity): Gate {
  const waiting = new Set<(admitted: boolean) => void>();
  let inside = 0;

  const enter = (waitMs: number): Promise<boolean> => {
    if (inside < size) {
      inside += 1;
      return Promise.resolve(true);
    }
    if (waiting.size >= maxWaiting) return Promise.resolve(false);
    return new Promise((resolve) => {
      const settle = (admitted: boolean): void => {
        clearTimeout(timer);
        waiting.delete(settle);
        resolve(admitted);
      };
      const timer = setTimeout(() => settle(false), waitMs);
      waiting.add(settle);
    });
  };
  /** The place goes to who has waited longest: it is never free in between. */
  const leave = (): void => {
    const [next] = waiting;
    if (next) next(true);
    else inside -= 1;
  };

  return {
    waiting: () => waiting.size,
    async pass(waitMs, work) {
      if (!(await enter(waitMs))) return undefined;
      try {
        return await work();
      } finally {
        leave();
      }
    },
  };
}
