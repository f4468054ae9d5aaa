import { type Command, InvalidArgumentError } from 'commander';
import { jsonOption, type JsonOptions, withActOptions } from './options';
import type { ReplayOptions } from './run/replay';

const run = () => import('./run/replay.js');

/** Adds the replay commands to `paysaga outbox`. */
export function addReplayCommands(outbox: Command): void {
  const replay = outbox
    .command('replay')
    .description('publish a range of the event log again, marked as replay; an event matches every given option')
    .option('--aggregate <id...>', 'events of these aggregates')
    .option('--type <type...>', 'events of these types, such as order.paid')
    .option('--from <time>', 'events since this time (RFC 3339) or day (UTC)', startOf)
    .option('--to <time>', 'events until this time or the end of this day; defaults to now', endOf)
    .option('--versions <a..b>', 'events of version a to b; either may be left out', versions)
    .option('--wait', 'wait until all events are on Kafka');
  withActOptions(replay).action(async (options: ReplayOptions) => (await run()).replay(options));
  outbox
    .command('replay-status')
    .description('show how far a replay is')
    .argument('<replay-id>')
    .addOption(jsonOption())
    .action(async (id: string, options: JsonOptions) => (await run()).showReplay(id, options));
}

const DAY = /^\d{4}-\d\d-\d\d$/;
const startOf = (value: string): string => (DAY.test(value) ? `${value}T00:00:00.000Z` : value);
const endOf = (value: string): string => (DAY.test(value) ? `${value}T23:59:59.999Z` : value);

function versions(value: string): NonNullable<ReplayOptions['versions']> {
  const match = /^(\d{1,9})?\.\.(\d{1,9})?$/.exec(value);
  if (!match || value === '..') throw new InvalidArgumentError('It is like 3..7, 3.. or ..7.');
  const [, from, to] = match;
  return { ...(from !== undefined && { from: Number(from) }), ...(to !== undefined && { to: Number(to) }) };
}
