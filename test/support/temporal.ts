import { setUpTemporal } from '../../src/setup';

export interface NamespaceOptions {
  /** `host:port`. */
  readonly address: string;
  readonly namespace: string;
}

/** Makes a Temporal namespace with paysaga's search attributes; workflows can be started in it at once. */
export const createNamespace = ({ address, namespace }: NamespaceOptions): Promise<void> =>
  setUpTemporal({ connection: { address }, namespace }, () => undefined);
