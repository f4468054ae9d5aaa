/** Lets so many in at once; the others wait for their turn, but not longer than they like. */
export interface Gate {
  /**
   * First come, first served; who is urgent goes before all who are not.
   *
   * @returns `undefined` when too many wait, or the turn did not come within `waitMs`: the work was not begun then
   */
  pass<T>(waitMs: number, work: () => Promise<T>, isUrgent?: boolean): Promise<T | undefined>;
  /** How many wait for their turn. */
  waiting(): number;
}

/** @param maxWaiting who comes when so many of its kind wait, urgent or not, is turned away at once */
export function createGate(size: number, maxWaiting = Infinity): Gate {
  const urgent = new Set<(admitted: boolean) => void>();
  const others = new Set<(admitted: boolean) => void>();
  const waiting = (): number => urgent.size + others.size;
  let inside = 0;

  const enter = (waitMs: number, queue: typeof others): Promise<boolean> => {
    if (inside < size) {
      inside += 1;
      return Promise.resolve(true);
    }
    if (queue.size >= maxWaiting) return Promise.resolve(false);
    return new Promise((resolve) => {
      const settle = (admitted: boolean): void => {
        clearTimeout(timer);
        queue.delete(settle);
        resolve(admitted);
      };
      const timer = setTimeout(() => settle(false), waitMs);
      queue.add(settle);
    });
  };
  /** The place goes to who has waited longest: it is never free in between. */
  const leave = (): void => {
    const [next] = urgent.size > 0 ? urgent : others;
    if (next) next(true);
    else inside -= 1;
  };

  return {
    waiting,
    async pass(waitMs, work, isUrgent = false) {
      if (!(await enter(waitMs, isUrgent ? urgent : others))) return undefined;
      try {
        return await work();
      } finally {
        leave();
      }
    },
  };
}
