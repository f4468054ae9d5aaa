import { handle } from '../../mediator/handler';
import { defineCommand } from '../../mediator/message';
import { recordOperatorAction } from '../../mediator/operator-action';
import { defineTable } from '../../platform/database/table';
import { newId } from '../../platform/ids';
import { z } from '@hono/zod-openapi';
import { readScope, type ReplayDeps } from './read-scope';
import { replayOrder, replayScope } from './replay-range';

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
    recordOperatorAction(context, {
      action: 'outbox.replay',
      subject: replay_id,
      reason,
      details: { range, events, keys },
    });
    return { replay_id, ...scope };
  });
