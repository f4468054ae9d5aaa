import { setTimeout as delay } from 'node:timers/promises';
import { getReplay, previewReplay, REPLAY_NOTE, startReplay } from '../../outbox/replay';
import type { ReplayRange, ReplayScope } from '../../outbox/replay-range';
import { asOperator, type Send } from '../operator';
import type { ActOptions, JsonOptions } from '../options';
import { fields, say, sayJson, table } from '../output';

/** The options of `paysaga outbox replay`. */
export interface ReplayOptions extends ActOptions {
  readonly aggregate?: string[];
  readonly type?: string[];
  readonly from?: string;
  readonly to?: string;
  readonly versions?: NonNullable<ReplayRange['versions']>;
  readonly wait?: boolean;
}

const LOOK_MS = 500;

/** Prints the progress of a replay. */
export async function showReplay(replay_id: string, { json }: JsonOptions): Promise<void> {
  const status = await asOperator(undefined, (send) => send(getReplay({ replay_id })));
  if (json) sayJson(status);
  else say(fields({ ...status, range: JSON.stringify(status.range) }));
}

/** Orders a replay, or prints what it would publish. */
export async function replay(options: ReplayOptions): Promise<void> {
  const { reason, actor, dryRun, json, wait } = options;
  const range = rangeOf(options);
  await asOperator(actor, async (send) => {
    if (dryRun) {
      const scope = await send(previewReplay(range));
      if (json) return sayJson({ dry_run: true, replay_id: null, ...scope, note: REPLAY_NOTE });
      say(`Would publish again ${describe(scope)}\n`);
      return say(REPLAY_NOTE);
    }
    const started = await send(startReplay({ ...range, reason }));
    if (!json) say(`Replay ${started.replay_id} was ordered: ${describe(started)}`);
    if (!wait) {
      if (json) return sayJson(started);
      return say(`\nThe worker writes it. See: paysaga outbox replay-status ${started.replay_id}`);
    }
    const ended = await untilPublished(send, started.replay_id);
    if (json) sayJson(ended);
    else say(`\nAll ${ended.written} events are on Kafka.`);
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

async function untilPublished(send: Send, replay_id: string) {
  for (;;) {
    const status = await send(getReplay({ replay_id }));
    if (status.finished_at !== null && status.pending === 0) return status;
    await delay(LOOK_MS);
  }
}
