import { Counter, Gauge } from 'prom-client';
import type { Metrics } from '../telemetry/metrics';
import { type CircuitState, circuitStates } from './circuit-state';

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
