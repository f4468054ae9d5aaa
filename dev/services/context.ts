import type { Ports } from '../os/ports';
import type { Log } from '../os/progress';
import type { Teardown } from '../os/teardown';

/** What the start of a local service needs. */
export interface ServiceContext {
  /** The stack's folder: each service has a folder of its own below it. */
  readonly dataDir: string;
  readonly ports: Ports;
  /** The ports that the services have in this folder, by name: tried first, and noted when taken. */
  readonly lastPorts: Map<string, number>;
  /** Well-known ports are tried first; a stack that runs beside others leaves them alone. */
  readonly wellKnownPorts: boolean;
  readonly log: Log;
  readonly teardown: Teardown;
}
