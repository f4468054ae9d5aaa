import { Problem } from './problem';

type Stop = () => Promise<void>;

/** Stops what was started, newest first. Filled as things start, so it is right at any moment of a start. */
export interface Teardown {
  add(stop: Stop): void;
  /** @throws Problem once it has begun: what is started now nobody would stop */
  assertOpen(): void;
  /** Runs every stop once, also when one fails; a second call waits for the first. Never rejects. */
  run(): Promise<void>;
}

/** @param onError told of a stop that failed; the others still run. */
export function createTeardown(onError: (error: unknown) => void = () => undefined): Teardown {
  const stops: Stop[] = [];
  let running: Promise<void> | undefined;

  async function runAll(): Promise<void> {
    for (let stop = stops.pop(); stop !== undefined; stop = stops.pop()) {
      await stop().catch(onError);
    }
  }

  return {
    add: (stop) => void stops.push(stop),
    assertOpen() {
      if (running) throw new Problem('The start was interrupted.');
    },
    run: () => (running ??= runAll()),
  };
}
