/** The relays that run in this worker, one for each lane group it has. */
export interface HeldRelays {
  readonly count: number;
  /** Runs a relay, whose signal aborts when its group is to go to another worker. */
  hold<Result>(relay: (giveBack: AbortSignal) => Promise<Result>): Promise<Result>;
  /** Tells that many of them to end, the newest first, each after the batch that it has in flight. */
  giveBack(count: number): void;
}

export function createHeldRelays(): HeldRelays {
  const held = new Set<AbortController>();
  return {
    get count() {
      return held.size;
    },
    async hold(relay) {
      const controller = new AbortController();
      held.add(controller);
      try {
        return await relay(controller.signal);
      } finally {
        held.delete(controller);
      }
    },
    giveBack(count) {
      for (const controller of [...held].reverse().slice(0, count)) controller.abort();
    },
  };
}
