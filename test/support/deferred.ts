export interface Deferred {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

/** A gate between a test and what it watches. */
export function createDeferred(): Deferred {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((open) => {
    resolve = open;
  });
  return { promise, resolve };
}
