import type { Ports } from '../os/ports';
import type { Log } from '../os/progress';
import type { Teardown } from '../os/teardown';

/** How a long install reports, and how it is ended early. */
export type InstallContext = Pick<ServiceContext, 'log'> & Partial<Pick<ServiceContext, 'signal'>>;

/** What the start of a local service needs. */
export interface ServiceContext {
  /** The stack's folder: each service has a folder of its own below it. */
  readonly dataDir: string;
  readonly ports: Ports;
  /** The ports that the services have in this folder, by name: tried first, and noted when taken. */
  readonly lastPorts: Map<string, number>;
  /** Well-known ports are tried first; a stack that runs beside others leaves them alone. */
  readonly wellKnownPorts: boolean;
  /** Settings of a local PostgreSQL, over its usual ones. */
  readonly postgresSettings?: Readonly<Record<string, string>>;
  readonly log: Log;
  /** Ends tools that run for minutes once another service cannot be had. */
  readonly signal: AbortSignal;
  readonly teardown: Teardown;
}
