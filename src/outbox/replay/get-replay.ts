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
    events: z.int().openapi({ description: 'In the range when it was ordered.' }),
    written: z.int().openapi({ description: 'To the outbox so far.' }),
    pending: z.int().openapi({ description: 'Of those, not yet on Kafka.' }),
    created_at: timestamp,
    finished_at: timestamp.nullable().openapi({ description: 'When all were written to the outbox.' }),
    last_error: z.string().nullable().openapi({ description: 'Why its last attempt failed; it is tried again.' }),
  })
  .openapi('Replay');

/** How far a replay has come. */
export const getReplay = defineQuery({
  name: 'GetReplay',
  input: z.strictObject({ replay_id: opaqueId }),
  result: replayView,
  roles: ['operator'],
});

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
