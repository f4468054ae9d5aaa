import { z } from '@hono/zod-openapi';
import { handle } from '../../mediator/handler';
import { defineQuery } from '../../mediator/message';
import { Refusal } from '../../platform/refusal';
import { opaqueId, timestamp } from '../../platform/schemas';
import { findReplay } from './replay.sql';
import { replayRange } from './replay-range';

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
