/** The relays that run in this worker, one for each shard group that it owns. */
export interface OwnedRelays {
  /** How many run now. */
  readonly count: number;
  /** Runs a relay and counts it until it ends. The signal aborts when its group is to go to another worker. */
  run<Result>(relay: (released: AbortSignal) => Promise<Result>): Promise<Result>;
  /** Ends that many relays, the newest first, each after its batch in flight. */
  release(count: number): void;
}

/** Creates the register of a worker that owns no relay yet. */
export function createOwnedRelays(): OwnedRelays {
  const owned = new Set<AbortController>();
  return {
    get count() {
      return owned.size;
    },
    async run(relay) {
      const controller = new AbortController();
      owned.add(controller);
      try {
        return await relay(controller.signal);
      } finally {
        owned.delete(controller);
      }
    },
    release(count) {
      for (const controller of [...owned].reverse().slice(0, count)) controller.abort();
    },
  };
}
