import { z } from '@hono/zod-openapi';
import { handle } from '../../mediator/handler';
import { defineCommand } from '../../mediator/message';
import { opaqueId } from '../../platform/schemas';
import { outboxTable } from '../append';
import { shardOf } from '../shard';
import { type LogPlace, type ScannedEvent, scanLog } from './event-range.sql';
import { advanceReplay, lockOpenReplay } from './replay.sql';

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
