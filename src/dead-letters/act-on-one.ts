import { z } from '@hono/zod-openapi';
import { recordAudit } from '../cqrs/audit';
import { claim, keyForEvent } from '../cqrs/idempotency';
import { type CommandContext, defineCommand, defineQuery, handle, type Message } from '../cqrs/message';
import { eventIdOf, sourceOf } from '../kafka/received-event';
import { Refusal } from '../platform/refusal';
import { opaqueId, pageQuery } from '../platform/schemas';
import { wait } from '../platform/timing';
import { decodeCursor, encodeCursor } from '../platform/values';
import {
  actOnLetter,
  deadLetterState,
  deadLetterView,
  type DeadLetterView,
  isLetterId,
  letterClosed,
  letterFilter,
  letterNotFound,
  notFirstOfKey,
  openState,
} from './dead-letter';
import {
  discardLetter,
  findLetter,
  findLetters,
  type LetterDetail,
  lockLetter,
  requeueLetter,
} from './dead-letters.sql';

/** Returns one letter with its whole value. */
export const getDeadLetter = defineQuery({
  name: 'GetDeadLetter',
  input: z.strictObject({ id: opaqueId }),
  result: deadLetterView.extend({ is_first: z.boolean(), in_replay: z.boolean() }),
  roles: ['operator'],
});

/** @throws Refusal `dead_letter_not_found` */
export const getDeadLetterHandler = handle(getDeadLetter, async ({ id }, { database }) => {
  const letter = isLetterId(id) ? await findLetter(database, id) : undefined;
  if (!letter) throw letterNotFound(id);
  return letter;
});

/** Which letters are listed. */
export const letterQuery = z.strictObject({ ...letterFilter, state: deadLetterState.optional(), ...pageQuery });

/** Lists dead letters, oldest first. Defaults to the open ones. */
export const listDeadLetters = defineQuery({
  name: 'ListDeadLetters',
  input: letterQuery,
  result: z.object({ data: z.array(deadLetterView), next_cursor: z.string().nullable() }),
  roles: ['operator'],
});

const position = z.tuple([z.string().refine(isLetterId)]);

/** Handles {@link listDeadLetters}. */
export const listDeadLettersHandler = handle(listDeadLetters, async ({ limit, cursor, ...filter }, { database }) => {
  const [after] = cursor === undefined ? ['0'] : decodeCursor(cursor, position);
  const letters = await findLetters(database, filter, after, limit + 1);
  const page = letters.slice(0, limit);
  const last = letters.length > limit ? page.at(-1) : undefined;
  return {
    data: page.map((letter) => deadLetterView.parse(letter)),
    next_cursor: last ? encodeCursor([last.id]) : null,
  };
});

/**
 * Makes a letter due now. The group's consumer applies it, then those behind it in the order of the key. A letter that
 * is applied becomes `replayed`; a letter that fails stays as before, with one more attempt.
 */
export const replayDeadLetter = defineCommand({
  name: 'ReplayDeadLetter',
  input: actOnLetter,
  result: deadLetterView,
  roles: ['operator'],
});

/** Discards a letter: its key goes on without it, and its event has no effect when it comes again. */
export const discardDeadLetter = defineCommand({
  name: 'DiscardDeadLetter',
  input: actOnLetter,
  result: deadLetterView,
  roles: ['operator'],
});

/**
 * Checks that a letter may be replayed.
 *
 * @throws Refusal `dead_letter_closed`, `not_first_of_key`
 */
export function assertReplayable({ id, state, is_first }: LetterDetail): void {
  assertOpen({ id, state });
  if (state !== 'dead' && !is_first) throw notFirstOfKey(id);
}

/**
 * Checks that a letter is open.
 *
 * @throws Refusal `dead_letter_closed`
 */
export function assertOpen({ id, state }: Pick<LetterDetail, 'id' | 'state'>): void {
  if (!openState.safeParse(state).success) throw letterClosed(id, state);
}

/** Returns the letter as `retrying`. */
export const replayDeadLetterHandler = handle(replayDeadLetter, async ({ id, reason }, context) => {
  const { tx } = context.uow;
  const letter = isLetterId(id) ? await lockLetter(tx, id) : undefined;
  if (!letter) throw letterNotFound(id);
  assertReplayable(letter);
  await requeueLetter(tx, id);
  audit(context, 'dead_letter.replay', reason, letter);
  return deadLetterView.parse({ ...letter, state: 'retrying', due_at: context.now });
});

/** Returns the letter as `discarded`. */
export const discardDeadLetterHandler = handle(discardDeadLetter, async ({ id, reason }, context) => {
  const { tx } = context.uow;
  const letter = isLetterId(id) ? await lockLetter(tx, id) : undefined;
  if (!letter) throw letterNotFound(id);
  assertOpen(letter);
  await barEvent(letter, context);
  await discardLetter(tx, id);
  audit(context, 'dead_letter.discard', reason, letter);
  return deadLetterView.parse({ ...letter, state: 'discarded', due_at: null });
});

/**
 * Claims the event's key in the inbox, so that neither a running attempt nor another copy of the message applies it
 * later.
 *
 * @throws Refusal `dead_letter_closed` when an attempt has just applied it
 */
async function barEvent(letter: LetterDetail, { uow, now }: CommandContext): Promise<void> {
  const { group, topic, partition, offset, key, headers, value } = letter;
  const bytes =
    value === null ? null : typeof value === 'string' ? Buffer.from(value) : Buffer.from(value.base64, 'base64');
  const message = { topic, partition, offset, key, headers, value: bytes };
  const eventId = eventIdOf(message);
  if (eventId === undefined) return;
  const barred = await claim(uow.tx, keyForEvent(group, eventId, sourceOf(message)), now);
  // A queued letter may be a copy of an event that was applied before.
  if (!barred && letter.state === 'retrying') throw letterClosed(letter.id, 'applied');
}

/** Records the act with the fields of the letter, which outlive it. */
function audit(context: CommandContext, action: string, reason: string, letter: LetterDetail): void {
  const { id, group, topic, partition, offset, key, state, attempts, reason: last_error } = letter;
  const details = {
    group,
    topic,
    partition,
    offset,
    key: key.slice(0, 1_000).toWellFormed(),
    state,
    attempts,
    last_error,
  };
  recordAudit(context, { action, subject: id, reason, details });
}

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
