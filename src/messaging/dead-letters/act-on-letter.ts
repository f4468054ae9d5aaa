import { eventOnce } from '../../inbox/once';
import { claim } from '../../inbox/inbox.sql';
import { handle, type CommandContext } from '../../mediator/handler';
import { defineCommand } from '../../mediator/message';
import { recordOperatorAction } from '../../mediator/operator-action';
import { sourceOf } from '../consumer/incoming-message';
import { eventIdOf } from '../consumer/received-event';
import {
  actOnLetter,
  deadLetterView,
  isLetterId,
  letterClosed,
  letterNotFound,
  notFirstOfKey,
  openState,
} from './dead-letter';
import { discardLetter, type LetterDetail, lockLetter, requeueLetter } from './operator.sql';

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
  const barred = await claim(uow.tx, eventOnce(group, eventId, sourceOf(message)), now);
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
  recordOperatorAction(context, { action, subject: id, reason, details });
}
