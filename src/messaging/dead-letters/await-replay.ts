import type { Message } from '../../mediator/message';
import { Refusal } from '../../platform/refusal';
import { wait } from '../../platform/wait';
import { type DeadLetterView, deadLetterView } from './dead-letter';
import { getDeadLetter } from './get-dead-letter';

/** Sends messages as an operator. */
export type Send = <Result>(message: Message<Result>) => Promise<Result>;

const POLL_MS = 100;
/** How long a replay is waited for. A consumer looks for due letters every 250 ms. */
export const REPLAY_WAIT_MS = 10_000;

/**
 * Waits until the group's consumer has tried a replayed letter, at most 10 s.
 *
 * @returns the letter after the attempt, or still `retrying` when no consumer of the group runs
 */
export async function awaitReplay(send: Send, replayed: DeadLetterView): Promise<DeadLetterView> {
  let letter = replayed;
  for (let waited = 0; waited < REPLAY_WAIT_MS; waited += POLL_MS) {
    await wait(POLL_MS);
    const { in_replay, ...now } = await send(getDeadLetter({ id: replayed.id })).catch((error: unknown) => {
      if (error instanceof Refusal && error.code === 'dead_letter_not_found') return { ...letter, in_replay: false };
      throw error;
    });
    letter = deadLetterView.parse(now);
    if (!in_replay) break;
  }
  return letter;
}
