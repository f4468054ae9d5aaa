import CircuitBreaker from 'opossum';
import { Counter, Gauge } from 'prom-client';
import type { Logger } from './logger';
import type { Metrics } from './metrics';
import { Refusal } from './refusal';
import { within } from './timing';

/** The states of a circuit. `half_open` lets one call through, to try whether the party is back. */
export const circuitStates = ['closed', 'open', 'half_open'] as const;
/** The state of a circuit. */
export type CircuitState = (typeof circuitStates)[number];

/** The result of a call. `cut_off` is a call that an open circuit did not send. */
export type CallResult = 'success' | 'refusal' | 'failure' | 'timeout' | 'cut_off';

/** Records state changes and calls of circuits. */
export interface CircuitMetrics {
  changed(circuit: string, state: CircuitState): void;
  called(circuit: string, result: CallResult): void;
}

/** Records nothing. */
export const noCircuitMetrics: CircuitMetrics = { changed: () => undefined, called: () => undefined };

/** Registers the metrics of circuits. Of the states of a circuit, the current one has the value 1, the others 0. */
export function createCircuitMetrics({ registry }: Metrics): CircuitMetrics {
  const registers = [registry];
  const state = new Gauge({
    name: 'paysaga_circuit_state',
    help: '1 for the present state of the circuit to a payment provider or carrier, 0 for its other states',
    labelNames: ['name', 'state'] as const,
    registers,
  });
  const calls = new Counter({
    name: 'paysaga_circuit_calls_total',
    help: 'Calls to a payment provider or carrier; cut_off counts those that an open circuit did not send',
    labelNames: ['name', 'result'] as const,
    registers,
  });

  return {
    changed: (name, current) =>
      circuitStates.forEach((one) => state.set({ name, state: one }, Number(one === current))),
    called: (name, result) => calls.inc({ name, result }),
  };
}

/** The circuit is open because of earlier failures. No request was sent, and none is sent before the pause ends. */
export class CircuitOpen extends Error {
  override readonly name = 'CircuitOpen';
  readonly code = 'circuit_open';

  constructor(circuit: string) {
    super(`${circuit} gets no requests for now, because its last calls failed.`);
  }
}

/** The call was aborted after its timeout. Its effect may have happened. */
export class CallTimedOut extends Error {
  override readonly name = 'CallTimedOut';
  readonly code = 'call_timed_out';

  constructor(circuit: string, timeoutMs: number) {
    super(`${circuit} did not answer within ${timeoutMs} ms.`);
  }
}

/** A timeout and a circuit breaker around the calls to one external party. */
export interface Circuit {
  readonly name: string;
  readonly state: CircuitState;
  /** When the circuit changed to its present state. */
  readonly changedAt: Date;
  /** Whether a call would be refused at once. */
  isOpen(): boolean;
  /**
   * Runs a call. Every error but a {@link Refusal} counts as a failure, because a refusal is an answer. The signal
   * aborts at the timeout.
   *
   * @throws CircuitOpen when no request was sent, CallTimedOut, or the error of the call
   */
  call<T>(run: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** Stops the timers. */
  close(): void;
}

/** The options of {@link createCircuit}. `timeoutMs` limits each call. */
export interface CircuitOptions {
  readonly name: string;
  readonly timeoutMs: number;
  readonly logger: Logger;
  readonly metrics?: CircuitMetrics;
  /** The time in `open` before one call may try, in ms. */
  readonly pauseMs?: number;
}

/** Opens the circuit when half of at least five calls within ten seconds have failed. */
const THRESHOLD = { rollingCountTimeout: 10_000, volumeThreshold: 5, errorThresholdPercentage: 49 };

/**
 * Creates a circuit. It is closed while calls succeed, opens after half of them failed, and is half open for one trial
 * call.
 */
export function createCircuit(options: CircuitOptions): Circuit {
  const { name, timeoutMs, logger, metrics = noCircuitMetrics, pauseMs = 5_000 } = options;
  const breaker = new CircuitBreaker((run: () => Promise<unknown>) => run(), {
    ...THRESHOLD,
    name,
    // Opossum's timeout only stops waiting. It aborts no call, or all calls at once.
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
        // Opossum has one type for all calls of a breaker. This value is what `run` resolved with.
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

/**
 * Ends at the timeout even if the call ignores its signal. The signal aborts last, so that the call's own error does
 * not come first.
 */
async function withinTime<T>(name: string, timeoutMs: number, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  try {
    return await within(timeoutMs, run(abort.signal), () => new CallTimedOut(name, timeoutMs));
  } catch (error) {
    if (error instanceof CallTimedOut) abort.abort(error);
    throw error;
  }
}

/** The options of {@link createCircuits}. `timeoutMs` limits each call of every circuit. */
export interface CircuitsOptions {
  readonly timeoutMs: number;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** The circuits of one process: one for each external party, shared by all of its callers. */
export interface Circuits {
  /** @param name `<kind>` or `<kind>/<which>`, such as `carrier` or `payment_provider/stripe` */
  add(name: string): Circuit;
  readonly all: readonly Circuit[];
  close(): void;
}

/** Creates the circuits of a process. It has none at first. */
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
