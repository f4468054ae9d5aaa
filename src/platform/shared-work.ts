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

interface LookUp<Value> {
  readonly promise: Promise<Value | undefined>;
  readonly resolve: (value: Value | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Joins look-ups: one query at a time, for all that came while the one before it ran. What is asked for twice
 * is looked up once.
 *
 * @param query gets at most `size` keys, and answers with those that are there
 */
export function gatherLookUps<Value>(
  query: (keys: readonly string[]) => Promise<ReadonlyMap<string, Value>>,
  size: number,
): (key: string) => Promise<Value | undefined> {
  let waiting = new Map<string, LookUp<Value>>();
  let running = false;

  async function run(): Promise<void> {
    while (waiting.size > 0) {
      const entries = [...waiting];
      const batch = entries.slice(0, size);
      waiting = new Map(entries.slice(size));
      try {
        const found = await query(batch.map(([key]) => key));
        for (const [key, lookUp] of batch) lookUp.resolve(found.get(key));
      } catch (error) {
        for (const [, lookUp] of batch) lookUp.reject(error);
      }
    }
    running = false;
  }

  return function lookUp(key) {
    const there = waiting.get(key);
    if (there) return there.promise;
    const added = withResolvers<Value | undefined>();
    waiting.set(key, added);
    if (!running) {
      running = true;
      void run();
    }
    return added.promise;
  };
}

function withResolvers<Value>() {
  let resolve: (value: Value) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<Value>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}

/**
 * One answer for all who ask while it is made, and for `freshMs` after. However many ask, it is made once
 * in that time. A failure is shared by those who wait for it, and not kept.
 */
export function shareAnswer<T>(freshMs: number, make: () => Promise<T>): () => Promise<T> {
  let last: { readonly answer: Promise<T>; until: number } | undefined;
  return function shared() {
    if (last && performance.now() < last.until) return last.answer;
    const made = { answer: make(), until: Infinity };
    last = made;
    made.answer.then(
      () => (made.until = performance.now() + freshMs),
      () => (made.until = 0),
    );
    return made.answer;
  };
}
