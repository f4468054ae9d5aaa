import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { temporal } from '@temporalio/proto';

const { History } = temporal.api.history.v1;
const histories = join(__dirname, '..', '..', 'histories');

/**
 * Keeps what a workflow did, as running ones of this version have it. Not by the SDK's `historyToJSON`:
 * it fails wherever npm installs protobufjs twice ("type must be a Type").
 */
export async function recordHistory(name: string, workflow: WorkflowHandle, folder = ''): Promise<void> {
  const history = History.fromObject(await workflow.fetchHistory());
  const { events } = History.toObject(history, { enums: String, longs: String, bytes: String }) as { events: object[] };
  const lines = events.map((event) => JSON.stringify(event, withoutMachine));
  writeFileSync(join(histories, folder, `${name}.json`), `{"events":[\n${lines.join(',\n')}\n]}\n`);
}

/** Leaves out the machine and its paths, which the replay does not need. */
const withoutMachine = (key: string, value: unknown): unknown =>
  key === 'identity' || key === 'stackTrace' ? undefined : value;

/** Every history that was ever recorded: the code must replay all of them, however old. */
export const recordedHistories = () =>
  readdirSync(histories)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => recordedHistory('', basename(file, '.json')));

/** One of another code's, in a folder of its own. */
export const recordedHistory = (folder: string, name: string) => ({
  workflowId: name,
  history: History.fromObject(JSON.parse(readFileSync(join(histories, folder, `${name}.json`), 'utf8')) as object),
});
