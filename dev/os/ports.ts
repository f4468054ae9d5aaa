import { randomInt } from 'node:crypto';
import { connect, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Problem } from '../command';

/**
 * Random ports are below the range of outgoing connections (from 32768 on Linux), so that no connection takes a port
 * between the check and the bind.
 */
const RANDOM_PORTS = { from: 20_000, to: 32_000 };

/** Another program has the port that the user chose. */
export class PortTaken extends Problem {
  constructor(port: number | string) {
    super(
      `Port ${port} is taken by another program (\`ss -ltnp 'sport = :${port}'\` shows which): set PORT to a free port, or unset it to get the next free one.`,
    );
  }
}

function canBind(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** Whether nothing listens on the port, neither on loopback nor on all addresses. */
async function isFree(port: number): Promise<boolean> {
  return (await canBind(port, '127.0.0.1')) && (await canBind(port, '0.0.0.0'));
}

/** Returns ports of 127.0.0.1, each only once. */
export interface Ports {
  /** Returns the first free port of the preferred ones, otherwise a random one. */
  take(...preferred: readonly (number | undefined)[]): Promise<number>;
  /** Returns this port, or the next free one above it. */
  takeFrom(first: number): Promise<number>;
}

/** Creates the ports of one stack. */
export function createPorts(): Ports {
  const taken = new Set<number>();

  async function tryTake(port: number): Promise<boolean> {
    if (taken.has(port) || !(await isFree(port))) return false;
    taken.add(port);
    return true;
  }

  async function take(...preferred: readonly (number | undefined)[]): Promise<number> {
    for (const port of preferred) if (port !== undefined && (await tryTake(port))) return port;
    for (let attempt = 0; attempt < 200; attempt++) {
      const port = randomInt(RANDOM_PORTS.from, RANDOM_PORTS.to);
      if (await tryTake(port)) return port;
    }
    throw new Problem('No free port was found between 20000 and 32000: `ss -ltn` shows who holds them.');
  }

  async function takeFrom(first: number): Promise<number> {
    for (let port = first; port < first + 100; port++) if (await tryTake(port)) return port;
    return take();
  }

  return { take, takeFrom };
}

/**
 * Repeats a probe until it returns true. A probe that throws counts as false.
 * @returns false after the deadline
 */
export async function waitUntil(
  probe: () => Promise<boolean>,
  { timeoutMs, everyMs = 100 }: { timeoutMs: number; everyMs?: number },
): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    if (await probe().catch(() => false)) return true;
    if (Date.now() > deadline) return false;
    await delay(everyMs);
  }
}

/** Whether a TCP connection to the address is accepted. */
export function accepts(host: string, port: number, timeoutMs = 3000): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const answer = (result: boolean): void => {
      socket.destroy();
      resolve(result);
    };
    socket.once('connect', () => answer(true));
    socket.once('timeout', () => answer(false));
    socket.once('error', () => answer(false));
  });
}

/** Checks that a service listens at a variable's address, given as `host:port`. @throws Problem when none does */
export async function assertAnswers(variable: string, address: string): Promise<void> {
  const { hostname, port } = new URL(`tcp://${address}`);
  if (!(await accepts(hostname, Number(port))))
    throw new Problem(
      `${variable} names ${address}, but nothing answers there: start it, or unset ${variable} to let the stack make one.`,
    );
}
