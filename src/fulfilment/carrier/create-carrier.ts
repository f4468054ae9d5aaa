import type { CarrierConfig } from '../../payments-config';
import type { Circuit } from '../../platform/circuit/circuit-breaker';
import type { Carrier } from './carrier';
import { createHttpCarrier } from './http-carrier';

export interface CarrierOptions {
  readonly config: CarrierConfig;
  /** Makes the circuit of that name. */
  readonly addCircuit: (name: string) => Circuit;
}

/** The carrier of this deployment. Without one every call fails until `CARRIER_URL` is set. */
export function createCarrier({ config: { url }, addCircuit }: CarrierOptions): Carrier {
  const name = 'carrier';
  if (url !== undefined) return createHttpCarrier({ name, url, circuit: addCircuit(name) });
  const missing = async (): Promise<never> => {
    throw new Error('This deployment has no carrier: set CARRIER_URL.');
  };
  return { name, book: missing, cancel: missing };
}
