import { wait } from './wait';

/** What a process closes last holds nothing that counts: one that does not answer is left behind after this. */
const CLOSE_MS = 2_000;

/** Waits until all is closed, or has failed to, but not for one that hangs. */
export async function closeAll(closing: readonly Promise<unknown>[]): Promise<void> {
  await Promise.race([Promise.allSettled(closing), wait(CLOSE_MS)]);
}
