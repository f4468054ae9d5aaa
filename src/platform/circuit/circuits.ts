import type { Logger } from '../telemetry/logger';
import type { Metrics } from '../telemetry/metrics';
import { type Circuit, createCircuit } from './circuit-breaker';
import { createCircuitMetrics } from './circuit-metrics';

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
