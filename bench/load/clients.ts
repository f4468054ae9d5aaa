/** How a load is put on: closed, so each client sends its next request when it has its answer. */
export interface LoadShape {
  readonly clients: number;
  /** Not counted: connections, caches and compiled code get warm. */
  readonly warmUpMs: number;
  readonly measureMs: number;
}

export interface LoadResult {
  /** Answers per second. */
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

/** @throws what a request throws: a load with errors measures nothing */
export async function runClients(
  { clients, warmUpMs, measureMs }: LoadShape,
  request: (client: number) => Promise<void>,
): Promise<LoadResult> {
  const from = performance.now() + warmUpMs;
  const until = from + measureMs;
  const latencies: number[] = [];

  const run = async (client: number): Promise<void> => {
    for (;;) {
      const began = performance.now();
      await request(client);
      const ended = performance.now();
      if (ended > until) return;
      if (ended >= from) latencies.push(ended - began);
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, client) => run(client)));

  const sorted = latencies.toSorted((a, b) => a - b);
  return {
    perSecond: sorted.length / (measureMs / 1000),
    p50Ms: percentile(sorted, 0.5),
    p95Ms: percentile(sorted, 0.95),
  };
}

/** Of sorted values; `NaN` of none. */
export const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
