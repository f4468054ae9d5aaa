import { type Command, Option } from 'commander';
import {
  assertOpen,
  assertReplayable,
  discardDeadLetter,
  replayDeadLetter,
} from '../messaging/dead-letters/act-on-letter';
import {
  type DiscardOutcome,
  discardMany,
  type ReplayOutcome,
  replayMany,
} from '../messaging/dead-letters/act-on-many';
import { awaitReplay } from '../messaging/dead-letters/await-replay';
import {
  type DeadLetterState,
  deadLetterState,
  deadLetterView,
  type DeadLetterView,
  type OpenFilter,
  openState,
} from '../messaging/dead-letters/dead-letter';
import { getDeadLetter } from '../messaging/dead-letters/get-dead-letter';
import { listDeadLetters } from '../messaging/dead-letters/list-dead-letters';
import { type ActOptions, asOperator, jsonOption, withActOptions, withPageOptions } from './operator';
import { fields, say, sayJson, table } from './output';
import { UsageError } from './usage-error';

const HEADINGS = ['ID', 'GROUP', 'TOPIC', 'KEY', 'STATE', 'ATTEMPTS', 'BEHIND', 'DUE AT', 'CREATED AT', 'REASON'];

interface ListOptions extends Omit<OpenFilter, 'state'> {
  readonly state?: DeadLetterState;
  readonly limit: number;
  readonly cursor?: string;
  readonly json?: boolean;
}

export function addDeadLetterCommands(program: Command): void {
  const letters = program.command('dead-letters').description('consumed messages that could not be applied');
  const ls = withFilter(letters.command('ls'), deadLetterState.options);
  withPageOptions(ls.description('list letters, oldest first; open ones by default')).action(list);
  letters
    .command('show')
    .description('show one letter, and how many messages wait behind it')
    .argument('<id>')
    .addOption(jsonOption())
    .action(show);
  addAct(letters, 'replay', 'apply a letter now; those behind it follow in the order of their key');
  addAct(letters, 'discard', 'give up a letter; its key goes on without it');
}

const withFilter = (command: Command, states: readonly string[]): Command =>
  command
    .option('--group <group>', 'of this consumer group')
    .option('--topic <topic>', 'of this topic')
    .option('--key <key>', 'of this message key')
    .addOption(new Option('--state <state>', 'in this state').choices([...states]));

function addAct(letters: Command, verb: Verb, description: string): void {
  const command = withFilter(letters.command(verb), openState.options)
    .description(`${description}; without an id, all open letters that the filter matches, at most 1,000`)
    .argument('[id]')
    .option('--all', 'without a filter: every open letter');
  withActOptions(command).action((id: string | undefined, options: LetterActOptions) => act(verb, id, options));
}

async function list({ json, ...filter }: ListOptions): Promise<void> {
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

async function show(id: string, { json }: { json?: boolean }): Promise<void> {
  const letter = deadLetterView.parse(await asOperator(undefined, (send) => send(getDeadLetter({ id }))));
  if (json) return sayJson(letter);
  const { headers, value } = letter;
  say(fields({ ...letter, headers: JSON.stringify(headers), value: isText(value) ? value : JSON.stringify(value) }));
}

const isText = (value: DeadLetterView['value']): value is string | null => value === null || typeof value === 'string';

type Verb = 'replay' | 'discard';

interface LetterActOptions extends ActOptions, OpenFilter {
  readonly all?: boolean;
}

function act(verb: Verb, id: string | undefined, options: LetterActOptions): Promise<void> {
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
