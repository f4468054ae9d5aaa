import { REPLAY_WINDOW_MS } from '../../inbox/once';
import type { ConsumerDefinition } from '../../messaging/consumer/consumer';
import type { Queryable } from '../../platform/database/database';
import { Refusal } from '../../platform/refusal';
import type { EventRegistry } from '../event-registry';
import { countApplied, countRange, type RangeCount } from './event-range.sql';
import type { ReplayRange, ReplayScope } from './replay-range';

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
  throw new Refusal('unknown_event_type', `Not in the registry, and so without a topic: ${unknown.join(', ')}.`);
}

function requireRemembered(oldest: Date | null, now: string): void {
  const since = new Date(Date.parse(now) - REPLAY_WINDOW_MS + MARGIN_MS);
  if (oldest === null || oldest >= since) return;
  const detail = `Its oldest event is of ${oldest.toISOString()}. Consumers may apply one from before ${since.toISOString()} a second time: their inbox forgets after 90 days.`;
  throw new Refusal('replay_window_passed', detail);
}
