import { z } from '@hono/zod-openapi';
import { recordAudit } from '../cqrs/audit';
import { REPLAY_WINDOW_MS } from '../cqrs/idempotency';
import { defineCommand, defineQuery, handle } from '../cqrs/message';
import { outboxTable, shardOf } from '../events/append';
import type { EventRegistry } from '../events/registry';
import type { ConsumerDefinition } from '../kafka/received-event';
import { inTransaction, type Queryable } from '../platform/database/database';
import { defineTable } from '../platform/database/table';
import { Refusal } from '../platform/refusal';
import { opaqueId, timestamp } from '../platform/schemas';
import { newId } from '../platform/values';
import {
  advanceReplay,
  chosenRange,
  countApplied,
  countRange,
  findReplay,
  lockOpenReplay,
  type LogPlace,
  type RangeCount,
  replayOrder,
  type ReplayRange,
  replayRange,
  type ReplayScope,
  replayScope,
  scanLog,
  type ScannedEvent,
} from './replay-range';

/** What the scope of a replay depends on. */
export interface ReplayDeps {
  readonly registry: EventRegistry;
  /** All consumer groups. */
  readonly consumers: readonly ConsumerDefinition[];
}

/** The time to consume a replayed message while the inbox still knows its event: longer than a topic keeps it. */
const MARGIN_MS = 10 * 24 * 3_600_000;

/**
 * Returns what a replay of the range touches. Needs a transaction.
 *
 * @throws Refusal `unknown_event_type`, `nothing_to_replay`, or `replay_window_passed` for events so old that a
 *   consumer may apply them twice
 */
export async function readScope(
  tx: Queryable,
  { registry, consumers }: ReplayDeps,
  range: ReplayRange,
  now: string,
): Promise<ReplayScope> {
  requireKnown(range.types ?? [], registry);
  const counts = await countRange(tx, range);
  const total = counts.find(({ type }) => type === null);
  const byType = counts.filter((count): count is RangeCount & { type: string } => count.type !== null);
  if (!total || total.events === 0) throw new Refusal('nothing_to_replay', 'No event of the log is in this range.');
  requireKnown(
    byType.map(({ type }) => type),
    registry,
  );
  requireRemembered(total.oldest, now);

  const topics = new Map<string, number>();
  for (const { type, events } of byType) {
    const { topic } = registry.get(type);
    topics.set(topic, (topics.get(topic) ?? 0) + events);
  }
  const groups = consumers.filter((consumer) => consumer.topics.some((topic) => topics.has(topic)));
  const applied = await countApplied(
    tx,
    range,
    groups.map(({ group }) => group),
  );
  return {
    events: total.events,
    keys: total.keys,
    topics: [...topics].map(([topic, events]) => ({ topic, events })),
    consumer_groups: groups.map((consumer) => ({
      group: consumer.group,
      events: consumer.topics.reduce((sum, topic) => sum + (topics.get(topic) ?? 0), 0),
      already_applied: applied.get(consumer.group) ?? 0,
    })),
  };
}

function requireKnown(types: readonly string[], registry: EventRegistry): void {
  const unknown = types.filter((type) => !registry.find(type));
  if (unknown.length === 0) return;
  throw new Refusal(
    'unknown_event_type',
    `These event types are not in the registry, so they have no topic: ${unknown.join(', ')}.`,
  );
}

function requireRemembered(oldest: Date | null, now: string): void {
  const since = new Date(Date.parse(now) - REPLAY_WINDOW_MS + MARGIN_MS);
  if (oldest === null || oldest >= since) return;
  const detail = `Its oldest event is of ${oldest.toISOString()}. Consumers may apply one from before ${since.toISOString()} a second time: their inbox forgets after 90 days.`;
  throw new Refusal('replay_window_passed', detail);
}

const replayTable = defineTable('outbox_replay', 'replay_id');

/** The answer to an ordered replay. */
export const replayStarted = replayScope.extend({ replay_id: z.string() }).openapi('ReplayStarted');

/**
 * Orders a replay. The worker writes the range into the outbox again, chunk by chunk, marked with the id of the replay.
 * The range ends now at the latest, so later events are published once.
 */
export const startReplay = defineCommand({
  name: 'StartReplay',
  input: replayOrder,
  result: replayStarted,
  roles: ['operator'],
});

/** @throws Refusal `unknown_event_type`, `nothing_to_replay`, `replay_window_passed` */
export const createStartReplay = (deps: ReplayDeps) =>
  handle(startReplay, async ({ reason, ...chosen }, context) => {
    const { uow, now } = context;
    const range = { ...chosen, to: chosen.to ?? now };
    const scope = await readScope(uow.tx, deps, range, now);
    const replay_id = newId('rpl');
    uow.insert(replayTable, {
      replay_id,
      range,
      events: scope.events,
      written: 0,
      at_aggregate_type: '',
      at_aggregate_id: '',
      at_version: 0,
      created_at: now,
    });
    const { events, keys } = scope;
    recordAudit(context, {
      action: 'outbox.replay',
      subject: replay_id,
      reason,
      details: { range, events, keys },
    });
    return { replay_id, ...scope };
  });

/** Events that one transaction scans, and the most that it writes. */
const SCAN = 5_000;
const CHUNK = 500;
/** The most rows of one replay in the outbox, so that new events wait behind no more than these. */
const WAITING = 2_000;

/**
 * Writes the next chunk of an open replay into the outbox, in the order of the log. For the system only; any number of
 * workers may send it at once. Returns `none` when the replay is finished, another worker writes it, or the relay has
 * to catch up first.
 */
export const continueReplay = defineCommand({
  name: 'ContinueReplay',
  input: z.strictObject({ replay_id: opaqueId }),
  result: z.enum(['none', 'more']),
  roles: [],
});

/** Handles {@link continueReplay}. */
export const continueReplayHandler = handle(continueReplay, async (asked, { uow, now, logger }) => {
  const replay = await lockOpenReplay(uow.tx, asked.replay_id, WAITING);
  if (!replay) return 'none';
  const { replay_id, range } = replay;
  const scanned = await scanLog(uow.tx, range, replay, SCAN);
  const { events, place } = takeChunk(scanned, replay);
  const finished = scanned.length < SCAN && place.last;
  for (const { event_id, aggregate_id } of events) {
    const shard = shardOf(aggregate_id);
    uow.insert(outboxTable, { event_id, shard, aggregate_id, replay_id });
    uow.wake(shard);
  }
  await advanceReplay(uow.tx, replay_id, { written: events.length, place, finishedAt: finished ? now : null });
  if (finished) logger.info({ replay_id }, 'outbox.replay_written');
  return 'more';
});

function takeChunk(scanned: readonly ScannedEvent[], from: LogPlace) {
  const events: ScannedEvent[] = [];
  let place = from;
  for (const event of scanned) {
    if (events.length === CHUNK) return { events, place: { ...place, last: false } };
    if (event.in_range) events.push(event);
    place = event;
  }
  return { events, place: { ...place, last: true } };
}

const replayView = z
  .object({
    replay_id: z.string(),
    range: replayRange,
    events: z.int().openapi({ description: 'Events in the range when the replay was ordered.' }),
    written: z.int().openapi({ description: 'Events that are in the outbox or were published.' }),
    pending: z.int().openapi({ description: 'Of those, events that are not on Kafka yet.' }),
    created_at: timestamp,
    finished_at: timestamp.nullable().openapi({ description: 'When all events were written to the outbox.' }),
    last_error: z
      .string()
      .nullable()
      .openapi({ description: 'Why the last attempt failed. The replay is tried again.' }),
  })
  .openapi('Replay');

/** Returns how far a replay is. */
export const getReplay = defineQuery({
  name: 'GetReplay',
  input: z.strictObject({ replay_id: opaqueId }),
  result: replayView,
  roles: ['operator'],
});

/** @throws Refusal `replay_not_found` */
export const getReplayHandler = handle(getReplay, async ({ replay_id }, { database }) => {
  const replay = await findReplay(database, replay_id);
  if (!replay) throw new Refusal('replay_not_found', `There is no replay ${replay_id}.`);
  const { created_at, finished_at } = replay;
  return {
    ...replay,
    created_at: created_at.toISOString(),
    finished_at: finished_at?.toISOString() ?? null,
  };
});

/** The note in the answer to a dry run. */
export const REPLAY_NOTE = 'Nothing was done. A consumer with an inbox ignores the events that it has applied already.';

/** Returns what a replay would touch, or the refusal that it would meet. */
export const previewReplay = defineQuery({
  name: 'PreviewReplay',
  input: chosenRange,
  result: replayScope,
  roles: ['operator'],
});

/** Creates the handler of {@link previewReplay}. */
export const createPreviewReplay = (deps: ReplayDeps) =>
  handle(previewReplay, (range, { database, now }) => inTransaction(database, (tx) => readScope(tx, deps, range, now)));
