import { Counter, Gauge } from 'prom-client';
import type { Mediator } from '../cqrs/mediator';
import type { Message } from '../cqrs/message';
import type { Metrics } from '../platform/metrics';
import { Refusal } from '../platform/refusal';
import { createGate } from '../platform/shared-work';

export interface SendLimits {
  /** Requests inside the mediator at once. */
  readonly running: number;
  /** Requests that wait for that; one more is refused at once. */
  readonly waiting: number;
  /** What waits longer is refused. */
  readonly waitMs: number;
  /** What goes before all else that waits. */
  readonly isUrgent: (message: Message) => boolean;
}

const RETRY_AFTER_S = 1;

/**
 * Sheds what cannot be served in time, before it takes a connection: no more messages are in the mediator at once than
 * the database can work on, a bounded number waits, and for a bounded time. Operators and the service itself
 * are never refused. Waiting for a saga's end takes no place.
 *
 * @throws Refusal `overloaded`, with `Retry-After`; nothing was done
 */
export function limitSends(mediator: Mediator, limits: SendLimits, { registry }: Metrics): Mediator {
  const gate = createGate(limits.running, limits.waiting);
  const shed = new Counter({
    name: 'paysaga_http_shed_total',
    help: 'Requests refused with 503 because they could not be served in time',
    registers: [registry],
  });
  new Gauge({
    name: 'paysaga_http_waiting',
    help: 'Requests that wait for their turn',
    registers: [registry],
    collect() {
      this.set(gate.waiting());
    },
  });

  return {
    ...mediator,
    async send(message, options) {
      const role = options?.principal?.role;
      if (role === undefined || role === 'operator' || role === 'system') return mediator.send(message, options);
      const send = async () => ({ result: await mediator.send(message, options) });
      const turn = await gate.pass(limits.waitMs, send, limits.isUrgent(message));
      if (turn) return turn.result;
      shed.inc();
      throw new Refusal('overloaded', 'More is asked than can be answered in time. Nothing was done; try again.', {
        retry_after: RETRY_AFTER_S,
      });
    },
  };
}

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
