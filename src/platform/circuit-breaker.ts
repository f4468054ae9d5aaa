import CircuitBreaker from 'opossum';
import { Counter, Gauge } from 'prom-client';
import type { Logger } from './logger';
import type { Metrics } from './metrics';
import { Refusal } from './refusal';
import { within } from './timing';

/** `half_open`: one call may try whether the party is back. */
export const circuitStates = ['closed', 'open', 'half_open'] as const;
export type CircuitState = (typeof circuitStates)[number];

/** How a call ended; `cut_off`: by an open circuit, so that nobody was asked. */
export type CallResult = 'success' | 'refusal' | 'failure' | 'timeout' | 'cut_off';

/** What the circuits count. */
export interface CircuitMetrics {
  changed(circuit: string, state: CircuitState): void;
  called(circuit: string, result: CallResult): void;
}

/** Counts nothing. */
export const noCircuitMetrics: CircuitMetrics = { changed: () => undefined, called: () => undefined };

/** The circuits' instruments: one of a circuit's states is 1, the others are 0. */
export function createCircuitMetrics({ registry }: Metrics): CircuitMetrics {
  const registers = [registry];
  const state = new Gauge({
    name: 'paysaga_circuit_state',
    help: 'Of the circuit to a payment provider or carrier: 1 for the state that it is in',
    labelNames: ['name', 'state'] as const,
    registers,
  });
  const calls = new Counter({
    name: 'paysaga_circuit_calls_total',
    help: 'Calls to a payment provider or carrier; cut_off are those that an open circuit spared',
    labelNames: ['name', 'result'] as const,
    registers,
  });

  return {
    changed: (name, current) =>
      circuitStates.forEach((one) => state.set({ name, state: one }, Number(one === current))),
    called: (name, result) => calls.inc({ name, result }),
  };
}

/** Nobody was asked: the last calls failed, so this one is spared until the pause is over. */
export class CircuitOpen extends Error {
  override readonly name = 'CircuitOpen';
  readonly code = 'circuit_open';

  constructor(circuit: string) {
    super(`${circuit} is not asked for now: its last calls failed.`);
  }
}

/** The call was aborted. What it asked for may have happened. */
export class CallTimedOut extends Error {
  override readonly name = 'CallTimedOut';
  readonly code = 'call_timed_out';

  constructor(circuit: string, timeoutMs: number) {
    super(`${circuit} did not answer within ${timeoutMs} ms.`);
  }
}

/** Time-out and circuit breaker round the calls to one party outside. */
export interface Circuit {
  readonly name: string;
  readonly state: CircuitState;
  /** When it came into its state. */
  readonly changedAt: Date;
  /** Whether a call would be refused at once. */
  isOpen(): boolean;
  /**
   * Everything but a {@link Refusal} counts as a failure: who refuses, answers. The signal is aborted when the
   * time is over.
   *
   * @throws CircuitOpen when nobody was asked, CallTimedOut, or what the call throws
   */
  call<T>(run: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** Ends its timers. */
  close(): void;
}

export interface CircuitOptions {
  readonly name: string;
  readonly timeoutMs: number;
  readonly logger: Logger;
  readonly metrics?: CircuitMetrics;
  /** How long it stays open before one call may try. */
  readonly pauseMs?: number;
}

/** Half of at least five calls in ten seconds. */
const THRESHOLD = { rollingCountTimeout: 10_000, volumeThreshold: 5, errorThresholdPercentage: 49 };

/** Closed while calls succeed; open after half of them failed; half open for the one call that tries again. */
export function createCircuit(options: CircuitOptions): Circuit {
  const { name, timeoutMs, logger, metrics = noCircuitMetrics, pauseMs = 5_000 } = options;
  const breaker = new CircuitBreaker((run: () => Promise<unknown>) => run(), {
    ...THRESHOLD,
    name,
    // Opossum's own one stops waiting and aborts nothing, or all calls at once.
    timeout: false,
    resetTimeout: pauseMs,
    errorFilter: (error: unknown) => error instanceof Refusal,
  });
  let state: CircuitState = 'closed';
  let changedAt = new Date();

  const become = (next: CircuitState): void => {
    [state, changedAt] = [next, new Date()];
    metrics.changed(name, next);
    logger[next === 'open' ? 'warn' : 'info']({ circuit: name, state: next }, 'circuit.changed');
  };
  metrics.changed(name, state);
  breaker.on('open', () => become('open'));
  breaker.on('halfOpen', () => become('half_open'));
  breaker.on('close', () => become('closed'));

  return {
    name,
    get state() {
      return state;
    },
    get changedAt() {
      return changedAt;
    },
    isOpen: () => !breaker.closed && !breaker.pendingClose,
    async call<T>(run: (signal: AbortSignal) => Promise<T>): Promise<T> {
      try {
        const answer = await breaker.fire(() => withinTime(name, timeoutMs, run));
        metrics.called(name, 'success');
        // Opossum knows one type for all calls of a breaker; this is what `run` resolved with.
        return answer as T;
      } catch (error) {
        if (isCutOff(error)) {
          metrics.called(name, 'cut_off');
          throw new CircuitOpen(name);
        }
        metrics.called(name, resultOf(error));
        throw error;
      }
    },
    close: () => breaker.shutdown(),
  };
}

const isCutOff = (error: unknown): boolean =>
  error instanceof Error && CircuitBreaker.isOurError(error) && 'code' in error && error.code === 'EOPENBREAKER';

function resultOf(error: unknown): 'refusal' | 'timeout' | 'failure' {
  if (error instanceof Refusal) return 'refusal';
  return error instanceof CallTimedOut ? 'timeout' : 'failure';
}

/** Ends on time also when the call does not heed its signal. It is aborted last, so that its own error does not come first. */
async function withinTime<T>(name: string, timeoutMs: number, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  try {
    return await within(timeoutMs, run(abort.signal), () => new CallTimedOut(name, timeoutMs));
  } catch (error) {
    if (error instanceof CallTimedOut) abort.abort(error);
    throw error;
  }
}

export interface CircuitsOptions {
  readonly timeoutMs: number;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** The circuits of one process: one for each party outside, shared by all who call it. */
export interface Circuits {
  /** @param name `<kind>` or `<kind>/<which>`: `carrier`, `payment_provider/stripe` */
  add(name: string): Circuit;
  readonly all: readonly Circuit[];
  close(): void;
}

export function createCircuits({ timeoutMs, metrics, logger }: CircuitsOptions): Circuits {
  const circuitMetrics = createCircuitMetrics(metrics);
  const all: Circuit[] = [];
  return {
    all,
    add(name) {
      const circuit = createCircuit({ name, timeoutMs, logger, metrics: circuitMetrics });
      all.push(circuit);
      return circuit;
    },
    close: () => all.forEach((circuit) => circuit.close()),
  };
}
