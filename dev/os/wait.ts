import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Problem } from './problem';

/**
 * Asks again until the answer is true. A probe that throws counts as no.
 * @returns false when the deadline passed
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

/** True when something accepts a TCP connection there. */
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

/** @throws Problem when nothing answers at an address that a variable names; `address` is `host:port` */
export async function assertAnswers(variable: string, address: string): Promise<void> {
  const { hostname, port } = new URL(`tcp://${address}`);
  if (!(await accepts(hostname, Number(port))))
    throw new Problem(
      `${variable} names ${address}, but nothing answers there: start it, or unset ${variable} to let the stack make one.`,
    );
}
