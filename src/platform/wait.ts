import { setTimeout as delay } from 'node:timers/promises';

/** Waits that long, or until the signal aborts; never throws. */
export async function wait(ms: number, signal?: AbortSignal): Promise<void> {
  await delay(ms, undefined, signal ? { signal } : {}).catch(() => undefined);
}
