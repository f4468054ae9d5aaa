import { z } from '@hono/zod-openapi';
import { defineQuery, handle, type Message } from '../cqrs/message';
import { Refusal } from '../platform/refusal';
import { reason } from '../platform/schemas';
import { wait } from '../platform/timing';
import { discardDeadLetter, REPLAY_WAIT_MS, replayDeadLetter, type Send } from './act-on-one';
import { type OpenFilter, openFilter } from './dead-letter';
import { matchLetters, readReplayOutcome } from './dead-letters.sql';

/** The most letters of one act. */
const MATCHED_AT_MOST = 1_000;
/** Letters that are replayed before a wait for the consumer. */
const REPLAYED_AT_ONCE = 50;
const POLL_MS = 100;

/** The body of an act on many letters. */
export const actOnMany = z
  .strictObject({ filter: openFilter, reason, dry_run: z.boolean().optional() })
  .openapi('DeadLettersAct');

const count = z.int();
const counts = { matched: count, failed: count, dry_run: z.literal(true).optional() };
/** The outcome of a replay of many letters. */
export const replayOutcome = z.object({ ...counts, replayed: count }).openapi('DeadLettersReplayed');
/** The outcome of a discard of many letters. */
export const discardOutcome = z.object({ ...counts, discarded: count }).openapi('DeadLettersDiscarded');
/** The outcome as JSON. */
export type ReplayOutcome = z.infer<typeof replayOutcome>;
/** The outcome as JSON. */
export type DiscardOutcome = z.infer<typeof discardOutcome>;

/** Finds the open letters that a filter matches, oldest first, at most 1,000. */
export const matchDeadLetters = defineQuery({
  name: 'MatchDeadLetters',
  input: openFilter,
  result: z.array(z.object({ id: z.string(), is_first: z.boolean() })),
  roles: ['operator'],
});

/** Handles {@link matchDeadLetters}. */
export const matchDeadLettersHandler = handle(matchDeadLetters, (filter, { database }) =>
  matchLetters(database, filter, MATCHED_AT_MOST),
);

/** Counts the letters that a replay has left open. */
export const getReplayOutcome = defineQuery({
  name: 'GetReplayOutcome',
  input: z.strictObject({ ids: z.array(z.string()) }),
  result: z.object({ failed: count, pending: count }),
  roles: ['operator'],
});

/** Handles {@link getReplayOutcome}. */
export const getReplayOutcomeHandler = handle(getReplayOutcome, ({ ids }, { database }) =>
  readReplayOutcome(database, ids),
);

/** An act on many letters. */
export interface ActOnMany {
  readonly filter: OpenFilter;
  readonly reason: string;
  readonly dryRun?: boolean | undefined;
}

/**
 * Replays the letters that a filter matches, fifty keys at a time, each key in its order. Stops when the consumers do
 * not keep up: letters that were not tried within 10 s count neither as replayed nor as failed.
 */
export async function replayMany(send: Send, { filter, reason, dryRun }: ActOnMany): Promise<ReplayOutcome> {
  const letters = await send(matchDeadLetters(filter));
  const matched = letters.length;
  if (dryRun) return { matched, replayed: 0, failed: 0, dry_run: true };
  const ids = letters.map(({ id }) => id);
  const firsts = letters.filter(({ is_first }) => is_first);
  let keepsUp = true;
  for (let from = 0; keepsUp && from < firsts.length; from += REPLAYED_AT_ONCE) {
    const part = firsts.slice(from, from + REPLAYED_AT_ONCE).map(({ id }) => id);
    for (const id of part) await attempt(send, replayDeadLetter({ id, reason }));
    keepsUp = await settled(send, part);
  }
  // Those behind the first of their keys follow by themselves.
  if (keepsUp) await settled(send, ids);
  const outcome = await send(getReplayOutcome({ ids }));
  return { matched, replayed: matched - outcome.failed - outcome.pending, failed: outcome.failed };
}

async function settled(send: Send, ids: string[]): Promise<boolean> {
  for (let waited = 0; waited < REPLAY_WAIT_MS; waited += POLL_MS) {
    const { pending } = await send(getReplayOutcome({ ids }));
    if (pending === 0) return true;
    await wait(POLL_MS);
  }
  return false;
}

/** Discards the letters that a filter matches, newest first, so that none is applied meanwhile. */
export async function discardMany(send: Send, { filter, reason, dryRun }: ActOnMany): Promise<DiscardOutcome> {
  const letters = await send(matchDeadLetters(filter));
  const matched = letters.length;
  if (dryRun) return { matched, discarded: 0, failed: 0, dry_run: true };
  let discarded = 0;
  for (const { id } of letters.toReversed()) {
    if (await attempt(send, discardDeadLetter({ id, reason }))) discarded += 1;
  }
  return { matched, discarded, failed: matched - discarded };
}

/** Sends an act and returns whether it was accepted. The letter may have been closed meanwhile. */
async function attempt(send: Send, act: Message): Promise<boolean> {
  try {
    await send(act);
    return true;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}
