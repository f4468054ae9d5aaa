import type { CarrierConfig } from '../../payments-config';
import type { Circuit } from '../../platform/circuit/circuit-breaker';
import type { Carrier } from './carrier';
import { createHttpCarrier } from './http-carrier';

/** What the carrier needs. */
export interface CarrierOptions {
  readonly config: CarrierConfig;
  /** Creates a circuit breaker with this name. */
  readonly addCircuit: (name: string) => Circuit;
}

/** Creates the configured carrier. Without `CARRIER_URL` every call fails. */
export function createCarrier({ config: { url }, addCircuit }: CarrierOptions): Carrier {
  const name = 'carrier';
  if (url !== undefined) return createHttpCarrier({ name, url, circuit: addCircuit(name) });
  const missing = async (): Promise<never> => {
    throw new Error('This deployment has no carrier: set CARRIER_URL.');
  };
  return { name, book: missing, cancel: missing };
}
