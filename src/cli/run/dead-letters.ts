import { discardMany, type DiscardOutcome, replayMany, type ReplayOutcome } from '../../dead-letters/act-on-many';
import {
  assertOpen,
  assertReplayable,
  awaitReplay,
  discardDeadLetter,
  getDeadLetter,
  listDeadLetters,
  replayDeadLetter,
} from '../../dead-letters/act-on-one';
import {
  type DeadLetterState,
  deadLetterView,
  type DeadLetterView,
  type OpenFilter,
} from '../../dead-letters/dead-letter';
import { asOperator } from '../operator';
import { type ActOptions, type JsonOptions, type PageOptions, UsageError } from '../options';
import { fields, say, sayJson, table } from '../output';

const HEADINGS = ['ID', 'GROUP', 'TOPIC', 'KEY', 'STATE', 'ATTEMPTS', 'BEHIND', 'DUE AT', 'CREATED AT', 'REASON'];

/** The options of `paysaga dead-letters ls`. */
export interface ListOptions extends Omit<OpenFilter, 'state'>, PageOptions {
  readonly state?: DeadLetterState;
}

/** Prints a page of dead letters. */
export async function list({ json, ...filter }: ListOptions): Promise<void> {
  const page = await asOperator(undefined, (send) => send(listDeadLetters(filter)));
  if (json) return sayJson(page);
  if (page.data.length === 0)
    return say(filter.state ? `No dead letter is ${filter.state}.` : 'There is no dead letter.');
  const rows = page.data.map((letter) => [
    letter.id,
    letter.group,
    letter.topic,
    shortened(letter.key),
    letter.state,
    letter.attempts,
    letter.behind,
    letter.due_at,
    letter.created_at,
    letter.reason,
  ]);
  say(table(HEADINGS, rows));
  if (page.next_cursor !== null) say(`\nThere are more: --cursor ${page.next_cursor}`);
}

const shortened = (key: string): string => (key.length > 40 ? `${key.slice(0, 40)}…` : key);

/** Prints one dead letter. */
export async function show(id: string, { json }: JsonOptions): Promise<void> {
  const letter = deadLetterView.parse(await asOperator(undefined, (send) => send(getDeadLetter({ id }))));
  if (json) return sayJson(letter);
  const { headers, value } = letter;
  say(fields({ ...letter, headers: JSON.stringify(headers), value: isText(value) ? value : JSON.stringify(value) }));
}

const isText = (value: DeadLetterView['value']): value is string | null => value === null || typeof value === 'string';

/** The acts on dead letters. */
export type Verb = 'replay' | 'discard';

/** The options of an act on dead letters. */
export interface LetterActOptions extends ActOptions, OpenFilter {
  readonly all?: boolean;
}

/**
 * Replays or discards one dead letter, or all that match a filter. The exit code is 1 when some acts failed.
 *
 * @throws UsageError without exactly one of an id, a filter and `--all`
 */
export function act(verb: Verb, id: string | undefined, options: LetterActOptions): Promise<void> {
  const { group, topic, key, state, all } = options;
  const filter = { group, topic, key, state };
  const isFiltered = Object.values(filter).some((value) => value !== undefined);
  if (id !== undefined) {
    if (isFiltered || all) throw new UsageError('Give an id or a filter, not both.');
    return actOnOne(verb, id, options);
  }
  if (isFiltered && all) throw new UsageError('Give a filter or --all, not both.');
  if (!isFiltered && !all) throw new UsageError('Give an id, a filter (--group, --topic, --key, --state), or --all.');
  return actOnFilter(verb, filter, options);
}

async function actOnOne(verb: Verb, id: string, { reason, actor, dryRun, json }: ActOptions): Promise<void> {
  const letter = await asOperator(actor, async (send) => {
    if (dryRun) {
      const seen = await send(getDeadLetter({ id }));
      (verb === 'replay' ? assertReplayable : assertOpen)(seen);
      return deadLetterView.parse(seen);
    }
    if (verb === 'discard') return send(discardDeadLetter({ id, reason }));
    return awaitReplay(send, await send(replayDeadLetter({ id, reason })));
  });
  if (json) return sayJson(dryRun ? { dry_run: true, ...letter } : letter);
  const { group, topic, partition, offset, behind } = letter;
  const waiting = `${behind} later ${behind === 1 ? 'message of its key waits' : 'messages of its key wait'} behind it`;
  const what = `letter ${id}, ${topic}/${partition}/${offset} of ${group}; ${waiting}`;
  say(dryRun ? `Would ${verb} ${what}. Nothing was done.` : `${outcomeOf(letter)} ${what}.`);
  if (!dryRun && verb === 'replay' && letter.state !== 'replayed') process.exitCode = 1;
}

function outcomeOf({ state, reason }: DeadLetterView): string {
  if (state === 'replayed') return 'Replayed';
  if (state === 'discarded') return 'Discarded';
  if (state === 'dead') return `Failed again (${reason}):`;
  return 'Not applied yet, and tried as soon as a consumer of the group takes it:';
}

async function actOnFilter(verb: Verb, filter: OpenFilter, { reason, actor, dryRun, json }: ActOptions): Promise<void> {
  const many = { filter, reason, dryRun };
  const outcome = await asOperator(actor, (send): Promise<ReplayOutcome | DiscardOutcome> =>
    verb === 'replay' ? replayMany(send, many) : discardMany(send, many),
  );
  if (json) return sayJson(outcome);
  const { matched, failed } = outcome;
  if (dryRun) return say(`Would ${verb} ${matched} letters. Nothing was done.`);
  const done = 'replayed' in outcome ? outcome.replayed : outcome.discarded;
  const rest = matched - done - failed;
  const open = rest > 0 ? `, ${rest} still to come` : '';
  say(`${verb === 'replay' ? 'Replayed' : 'Discarded'} ${done} of ${matched} letters, ${failed} failed${open}.`);
  if (done < matched) process.exitCode = 1;
}
