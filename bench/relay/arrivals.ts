/** Waits for events to arrive somewhere, each as often as it is expected. */
export interface Arrivals {
  arrived(eventId: string): void;
  /** @returns when each of them arrives the next time, by `performance.now()` */
  expect(eventIds: readonly string[]): Promise<number[]>;
}

export function createArrivals(): Arrivals {
  const waiting = new Map<string, (at: number) => void>();
  return {
    arrived(eventId) {
      waiting.get(eventId)?.(performance.now());
      waiting.delete(eventId);
    },
    expect: (eventIds) =>
      Promise.all(eventIds.map((eventId) => new Promise<number>((resolve) => waiting.set(eventId, resolve)))),
  };
}
