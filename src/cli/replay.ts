import { setTimeout as delay } from 'node:timers/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { getReplay } from '../outbox/replay/get-replay';
import { previewReplay } from '../outbox/replay/preview-replay';
import type { ReplayRange, ReplayScope } from '../outbox/replay/replay-range';
import { startReplay } from '../outbox/replay/start-replay';
import {
  type ActOptions,
  actorOption,
  asOperator,
  dryRunOption,
  jsonOption,
  reasonOption,
  type Send,
} from './operator';
import { fields, say, sayJson, table } from './output';

interface ReplayOptions extends ActOptions {
  readonly aggregate?: string[];
  readonly type?: string[];
  readonly from?: string;
  readonly to?: string;
  readonly versions?: NonNullable<ReplayRange['versions']>;
  readonly wait?: boolean;
}

const LOOK_MS = 500;

export function addReplayCommands(outbox: Command): void {
  outbox
    .command('replay')
    .description('publish a range of the event log again, marked as replay; what fits every option that is given')
    .option('--aggregate <id...>', 'events of these aggregates')
    .option('--type <type...>', 'events of these types, e.g. order.paid')
    .option('--from <time>', 'since then (RFC 3339), or since that day began (UTC)', startOf)
    .option('--to <time>', 'until then, or until that day ended; now unless told', endOf)
    .option('--versions <a..b>', 'from version a to b; either may be left out', versions)
    .addOption(reasonOption())
    .addOption(actorOption())
    .addOption(dryRunOption())
    .option('--wait', 'until all of it is on Kafka')
    .addOption(jsonOption())
    .action(replay);
  outbox
    .command('replay-status')
    .description('how far a replay has come')
    .argument('<replay-id>')
    .addOption(jsonOption())
    .action(async (replay_id: string, { json }: { json?: boolean }) => {
      const status = await asOperator(undefined, (send) => send(getReplay({ replay_id })));
      if (json) sayJson(status);
      else say(fields({ ...status, range: JSON.stringify(status.range) }));
    });
}

async function replay(options: ReplayOptions): Promise<void> {
  const { reason, actor, dryRun, json, wait } = options;
  const range = rangeOf(options);
  await asOperator(actor, async (send) => {
    if (dryRun) {
      const scope = await send(previewReplay(range));
      if (json) return sayJson({ dry_run: true, ...scope });
      say(`Would publish again ${describe(scope)}\n`);
      return say('Nothing was done. A consumer with an inbox ignores the events that it has applied already.');
    }
    const started = await send(startReplay({ ...range, reason }));
    if (json) sayJson(started);
    else say(`Replay ${started.replay_id} was ordered: ${describe(started)}`);
    if (wait) await untilPublished(send, started.replay_id);
    else if (!json) say(`\nThe worker writes it. See: paysaga outbox replay-status ${started.replay_id}`);
  });
}

const rangeOf = ({ aggregate, type, from, to, versions }: ReplayOptions): ReplayRange => ({
  ...(aggregate && { aggregate_ids: aggregate }),
  ...(type && { types: type }),
  ...(from !== undefined && { from }),
  ...(to !== undefined && { to }),
  ...(versions && { versions }),
});

const describe = ({ events, keys, topics, consumer_groups }: ReplayScope): string =>
  [
    `${events} events of ${keys} aggregates.\n`,
    table(
      ['TOPIC', 'EVENTS'],
      topics.map(({ topic, events }) => [topic, events]),
    ),
    '',
    table(
      ['CONSUMER GROUP', 'EVENTS', 'ALREADY APPLIED'],
      consumer_groups.map(({ group, events, already_applied }) => [group, events, already_applied]),
    ),
  ].join('\n');

async function untilPublished(send: Send, replay_id: string): Promise<void> {
  for (;;) {
    const { finished_at, pending, written } = await send(getReplay({ replay_id }));
    if (finished_at !== null && pending === 0) return say(`\nAll ${written} events are on Kafka.`);
    await delay(LOOK_MS);
  }
}

const DAY = /^\d{4}-\d\d-\d\d$/;
const startOf = (value: string): string => (DAY.test(value) ? `${value}T00:00:00.000Z` : value);
const endOf = (value: string): string => (DAY.test(value) ? `${value}T23:59:59.999Z` : value);

function versions(value: string): NonNullable<ReplayRange['versions']> {
  const match = /^(\d{1,9})?\.\.(\d{1,9})?$/.exec(value);
  if (!match || value === '..') throw new InvalidArgumentError('It is like 3..7, 3.. or ..7.');
  const [, from, to] = match;
  return { ...(from !== undefined && { from: Number(from) }), ...(to !== undefined && { to: Number(to) }) };
}
