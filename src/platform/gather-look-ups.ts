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
