import {
  discardOutboxRow,
  getOutboxRow,
  listOutboxRows,
  outboxRowView,
  type OutboxState,
  requeueOutboxRow,
  rowNotParked,
} from '../../outbox/admin';
import { asOperator } from '../operator';
import type { ActOptions, JsonOptions, PageOptions } from '../options';
import { fields, say, sayJson, table } from '../output';

const HEADINGS = ['ID', 'TYPE', 'AGGREGATE', 'SHARD', 'ATTEMPTS', 'PARKED AT', 'LAST ERROR'];

/** The options of `paysaga outbox ls`. */
export interface ListOptions extends PageOptions {
  readonly state: OutboxState;
}

/** Prints a page of outbox rows. */
export async function list({ json, ...filter }: ListOptions): Promise<void> {
  const page = await asOperator(undefined, (send) => send(listOutboxRows(filter)));
  if (json) return sayJson(page);
  if (page.data.length === 0) return say(`No row is ${filter.state}.`);
  const rows = page.data.map((row) => [
    row.id,
    row.type,
    row.aggregate_id,
    row.shard,
    row.attempts,
    row.parked_at,
    row.last_error,
  ]);
  say(table(HEADINGS, rows));
  if (page.next_cursor !== null) say(`\nThere are more: --cursor ${page.next_cursor}`);
}

/** Prints one outbox row. */
export async function show(id: string, { json }: JsonOptions): Promise<void> {
  const row = await asOperator(undefined, (send) => send(getOutboxRow({ id })));
  if (json) sayJson(row);
  else say(fields(row));
}

/** The acts on an outbox row. */
export type Verb = 'requeue' | 'discard';
const COMMAND = { requeue: requeueOutboxRow, discard: discardOutboxRow };
const DONE = { requeue: 'Requeued', discard: 'Discarded' };

/** Requeues or discards a row, or prints what the act would do. */
export async function act(verb: Verb, id: string, { reason, actor, dryRun, json }: ActOptions): Promise<void> {
  const { row, behind } = await asOperator(actor, async (send) => {
    const { behind, ...seen } = await send(getOutboxRow({ id }));
    if (!dryRun) return { row: await send(COMMAND[verb]({ id, reason })), behind };
    if (seen.parked_at === null) throw rowNotParked(id);
    return { row: outboxRowView.parse(seen), behind };
  });
  if (json) return sayJson(dryRun ? { dry_run: true, ...row, behind } : row);
  const { type, aggregate_id } = row;
  const what = `row ${id}, ${type} of ${aggregate_id}; ${behind} later ${behind === 1 ? 'row goes' : 'rows go'} on behind it`;
  say(dryRun ? `Would ${verb} ${what}. Nothing was done.` : `${DONE[verb]} ${what}.`);
}
