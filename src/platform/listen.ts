import type { Server } from 'node:net';
import { exitCodes } from './supervision';

/** Where a server listens. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
  readonly backlog?: number;
  /** The environment variable of the port, for the error message. */
  readonly variable: 'PORT' | 'METRICS_PORT';
}

/** A server cannot listen on its address. Another start with the same settings fails as well. */
export class CannotListen extends Error {
  override readonly name = 'CannotListen';

  /** @param exitCode the exit code for the process */
  constructor(
    message: string,
    readonly exitCode: number,
    cause: unknown,
  ) {
    super(message, { cause });
  }
}

/**
 * Starts listening, and resolves with the address.
 *
 * @throws CannotListen when the address is taken, forbidden or not of this machine
 */
export function listen(
  server: Server,
  { variable, ...address }: ListenAddress,
): Promise<{ readonly address: string; readonly port: number }> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => reject(explained(error, variable, address));
    server.once('error', onError);
    server.listen(address, () => {
      server.off('error', onError);
      const bound = server.address();
      if (bound !== null && typeof bound === 'object') resolve(bound);
    });
  });
}

type Address = Omit<ListenAddress, 'variable'>;

function explained(error: NodeJS.ErrnoException, variable: string, { host, port }: Address): Error {
  if (error.code === 'EADDRINUSE') {
    const message = `Port ${port} of ${host} is taken by another program: stop that program, or set ${variable} to a free port.`;
    return new CannotListen(message, exitCodes.addressTaken, error);
  }
  if (error.code === 'EACCES') {
    const message = `This process may not listen on port ${port} of ${host}: set ${variable} to a port above 1023.`;
    return new CannotListen(message, exitCodes.configuration, error);
  }
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND') {
    const message = `${host} is not an address of this machine: set HOST to an address that is, or to 0.0.0.0.`;
    return new CannotListen(message, exitCodes.configuration, error);
  }
  return error;
}
