import { isDatabaseTransient } from '../platform/database/database-error';
import { createBackoff, wait } from '../platform/timing';
import { type ApplyInOrderOptions, createApply } from './apply';
import { failureKind, failureLine, failureReason, retryAfter } from './apply-failure';
import {
  claimDueLetters,
  type ClaimedLetter,
  claimNextOfKey,
  closeAppliedLetter,
  recordLetterFailure,
  releaseLetter,
} from './dead-letters.sql';
import { shortKey, sourceOf } from './received-event';

/** What the drain of dead letters needs. */
export interface DrainOptions extends ApplyInOrderOptions {
  /** Ends the loop after the letter in hand. */
  readonly signal: AbortSignal;
}

const POLL_MS = 250;
/** How long a letter waits after the process that leased it has died. Longer than any transaction. */
const LEASE_MS = 30_000;
const LETTERS_PER_POLL = 50;

/**
 * Tries due dead letters of the group again until the signal aborts: the first of each key, then those queued behind
 * it. Any number of processes may do so at once.
 */
export async function drainDeadLetters(options: DrainOptions): Promise<void> {
  const { definition, database, logger, signal } = options;
  const drainKey = createDrainKey(options);
  const backoff = createBackoff({ initialMs: POLL_MS, maxMs: 5_000 });
  while (!signal.aborted) {
    const due: ClaimedLetter[] = [];
    try {
      due.push(...(await claimDueLetters(database, definition.group, LEASE_MS, LETTERS_PER_POLL)));
      const idle = due.length === 0;
      let failed = false;
      for (let letter = due[0]; letter && !signal.aborted; letter = due[0]) {
        try {
          await drainKey(letter);
        } catch (error) {
          if (isDatabaseTransient(error)) throw error;
          // The other letters are tried all the same.
          failed = true;
          const line = { err: error, group: definition.group, source: sourceOf(letter.message) };
          logger.error(line, 'consumer.drain_failed');
        }
        due.shift();
      }
      if (!failed) backoff.reset();
      if (idle || failed) await wait(failed ? backoff.next() : POLL_MS, signal);
    } catch (error) {
      const wait_ms = backoff.next();
      logger.warn({ ...failureLine(error), group: definition.group, wait_ms }, 'consumer.drain_delayed');
      await wait(wait_ms, signal);
    }
    await release(options, due);
  }
}

/** Releases leases as far as possible. The others end by themselves. */
async function release({ database }: DrainOptions, letters: readonly ClaimedLetter[]): Promise<void> {
  for (const { id } of letters) await releaseLetter(database, id).catch(() => undefined);
}

/** Creates a function that applies a letter and those behind it, up to the first that fails again. */
function createDrainKey(options: DrainOptions) {
  const { definition, database, config, logger, metrics, signal } = options;
  const apply = createApply(options);

  const attempt = async (letter: ClaimedLetter): Promise<boolean> => {
    const [failure] = await apply([letter.message]).catch(async (error: unknown) => {
      await release(options, [letter]);
      throw error;
    });
    const line = { group: definition.group, source: sourceOf(letter.message), key: shortKey(letter.message.key) };
    if (!failure) {
      await closeAppliedLetter(database, letter.id);
      logger.info({ ...line, attempts: letter.attempts + 1 }, 'consumer.dead_letter_applied');
      return true;
    }
    const reason = failureReason(failure.error);
    const counts = failureKind(failure.error) !== 'newer';
    const retryAfterMs = retryAfter(failure.error, letter.attempts + 1, config.retryDelaysMs);
    const state = await recordLetterFailure(database, letter.id, { reason, retryAfterMs, counts });
    if (state === 'dead') metrics?.deadLetters(definition.group, letter.message.topic, state);
    logger.warn({ ...line, attempts: letter.attempts + 1, reason, state }, 'consumer.dead_letter_failed');
    return false;
  };

  return async function drainKey(first: ClaimedLetter): Promise<void> {
    let letter: ClaimedLetter | undefined = first;
    while (letter && (await attempt(letter)) && !signal.aborted) {
      letter = await claimNextOfKey(database, definition.group, letter.message, LEASE_MS);
    }
  };
}
