/** Limits how many pieces of work run at once. Others wait for their turn, for a limited time. */
export interface Gate {
  /**
   * Runs work when its turn comes: first come, first served, with urgent work before all other.
   *
   * @returns `undefined` when too many wait, or the turn did not come within `waitMs`; the work was not started then
   */
  pass<T>(waitMs: number, work: () => Promise<T>, isUrgent?: boolean): Promise<T | undefined>;
  /** Returns the number of waiting callers. */
  waiting(): number;
}

/**
 * Creates a gate for `size` pieces of work at once.
 *
 * @param maxWaiting limits the waiting callers, urgent and others apart; defaults to no limit
 */
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
  /** Hands the place to the next waiting caller, so that it is never free in between. */
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
 * Batches look-ups: one query at a time, for all keys that arrived while the one before ran. A repeated key is looked
 * up once.
 *
 * @param query takes at most `size` keys, and returns the values that exist
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
 * Shares one result among all callers while it is made, and for `freshMs` after. A failure is shared by the waiting
 * callers and not kept.
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
