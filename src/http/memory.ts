export interface Memory<Value> {
  get(key: string): Value | undefined;
  /** @param ttlMs defaults to that of the memory */
  keep(key: string, value: Value, ttlMs?: number): void;
  forget(key: string): void;
}

/** Keeps at most `size` values, each for `ttlMs`; the oldest makes room for a new one. */
export function createMemory<Value>(size: number, ttlMs: number): Memory<Value> {
  const kept = new Map<string, { readonly until: number; readonly value: Value }>();
  return {
    get(key) {
      const entry = kept.get(key);
      return entry && entry.until > performance.now() ? entry.value : undefined;
    },
    keep(key, value, keptMs = ttlMs) {
      kept.delete(key);
      const [oldest] = kept.size >= size ? kept.keys() : [];
      if (oldest !== undefined) kept.delete(oldest);
      kept.set(key, { until: performance.now() + keptMs, value });
    },
    forget: (key) => void kept.delete(key),
  };
}
