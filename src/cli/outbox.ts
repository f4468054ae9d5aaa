import { type Command, Option } from 'commander';
import { discardOutboxRow } from '../outbox/operator/discard-outbox-row';
import { getOutboxRow } from '../outbox/operator/get-outbox-row';
import { listOutboxRows } from '../outbox/operator/list-outbox-rows';
import { type OutboxState, outboxState, rowNotParked } from '../outbox/operator/outbox-row';
import { requeueOutboxRow } from '../outbox/operator/requeue-outbox-row';
import { type ActOptions, asOperator, jsonOption, withActOptions, withPageOptions } from './operator';
import { fields, say, sayJson, table } from './output';
import { addReplayCommands } from './replay';

const HEADINGS = ['ID', 'TYPE', 'AGGREGATE', 'LANE', 'ATTEMPTS', 'PARKED AT', 'LAST ERROR'];

interface ListOptions {
  readonly state: OutboxState;
  readonly limit: number;
  readonly cursor?: string;
  readonly json?: boolean;
}

export function addOutboxCommands(program: Command): void {
  const outbox = program.command('outbox').description('rows that wait to be published, and replays of the event log');
  const ls = outbox
    .command('ls')
    .description('list rows, oldest first')
    .addOption(new Option('--state <state>', 'which').choices(outboxState.options).default('parked'));
  withPageOptions(ls).action(list);
  outbox
    .command('show')
    .description('one row, and how many wait behind it')
    .argument('<id>')
    .addOption(jsonOption())
    .action(show);
  addAct(outbox, 'requeue', 'let the relay try a parked row again, in its place');
  addAct(outbox, 'discard', 'give up publishing a parked row; the later rows of its aggregate go on');
  addReplayCommands(outbox);
}

function addAct(outbox: Command, verb: Verb, description: string): void {
  const command = outbox.command(verb).description(description).argument('<id>');
  withActOptions(command).action((id: string, options: ActOptions) => act(verb, id, options));
}

async function list({ json, ...filter }: ListOptions): Promise<void> {
  const page = await asOperator(undefined, (send) => send(listOutboxRows(filter)));
  if (json) return sayJson(page);
  if (page.data.length === 0) return say(`No row is ${filter.state}.`);
  const rows = page.data.map((row) => [
    row.id,
    row.type,
    row.aggregate_id,
    row.lane,
    row.attempts,
    row.parked_at,
    row.last_error,
  ]);
  say(table(HEADINGS, rows));
  if (page.next_cursor !== null) say(`\nThere are more: --cursor ${page.next_cursor}`);
}

async function show(id: string, { json }: { json?: boolean }): Promise<void> {
  const row = await asOperator(undefined, (send) => send(getOutboxRow({ id })));
  if (json) sayJson(row);
  else say(fields(row));
}

type Verb = 'requeue' | 'discard';
const COMMAND = { requeue: requeueOutboxRow, discard: discardOutboxRow };
const DONE = { requeue: 'Requeued', discard: 'Discarded' };

async function act(verb: Verb, id: string, { reason, actor, dryRun, json }: ActOptions): Promise<void> {
  const row = await asOperator(actor, async (send) => {
    const seen = await send(getOutboxRow({ id }));
    if (!dryRun) return { ...(await send(COMMAND[verb]({ id, reason }))), behind: seen.behind };
    if (seen.parked_at === null) throw rowNotParked(id);
    return seen;
  });
  if (json) return sayJson({ dry_run: dryRun === true, ...row });
  const { type, aggregate_id, behind } = row;
  const what = `row ${id}, ${type} of ${aggregate_id}; ${behind} later ${behind === 1 ? 'row goes' : 'rows go'} on behind it`;
  say(dryRun ? `Would ${verb} ${what}. Nothing was done.` : `${DONE[verb]} ${what}.`);
}
