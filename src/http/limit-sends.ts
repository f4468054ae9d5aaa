import { Counter, Gauge } from 'prom-client';
import type { Mediator } from '../cqrs/mediator';
import type { Message } from '../cqrs/message';
import type { Metrics } from '../platform/metrics';
import { Refusal } from '../platform/refusal';
import { createGate } from '../platform/shared-work';

/** The limits of {@link limitSends}. */
export interface SendLimits {
  /** The most messages in the mediator at once. */
  readonly running: number;
  /** The most messages that wait for the mediator. Others are refused immediately. */
  readonly waiting: number;
  /** The longest wait in milliseconds. A message that waits longer is refused. */
  readonly waitMs: number;
  /** Checks whether a message overtakes the others that wait. */
  readonly isUrgent: (message: Message) => boolean;
}

const RETRY_AFTER_S = 1;

/**
 * Limits the messages in the mediator at once, and refuses those that wait too long, before they take a connection.
 * Messages of operators and of the service are never refused.
 *
 * @throws Refusal `overloaded` with `Retry-After`: nothing was done
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
    help: 'Requests waiting for the mediator',
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
      throw new Refusal(
        'overloaded',
        'The service has too many requests to respond in time. Nothing was done. Try again.',
        {
          retry_after: RETRY_AFTER_S,
        },
      );
    },
  };
}

/** A cache in memory. */
export interface Memory<Value> {
  get(key: string): Value | undefined;
  /** Stores a value. @param ttlMs defaults to that of the memory */
  keep(key: string, value: Value, ttlMs?: number): void;
  forget(key: string): void;
}

/** Creates a cache of at most `size` values, each for `ttlMs`. A new value replaces the oldest one. */
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
