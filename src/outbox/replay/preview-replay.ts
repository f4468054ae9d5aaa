import { handle } from '../../mediator/handler';
import { defineQuery } from '../../mediator/message';
import { inTransaction } from '../../platform/database/transaction';
import { readScope, type ReplayDeps } from './read-scope';
import { chosenRange, replayScope } from './replay-range';

/** What a dry run adds to its answer. */
export const REPLAY_NOTE = 'Nothing was done. A consumer with an inbox ignores the events that it has applied already.';

/** The dry run: what a replay would touch, and whether it would be accepted. */
export const previewReplay = defineQuery({
  name: 'PreviewReplay',
  input: chosenRange,
  result: replayScope,
  roles: ['operator'],
});

export const createPreviewReplay = (deps: ReplayDeps) =>
  handle(previewReplay, (range, { database, now }) => inTransaction(database, (tx) => readScope(tx, deps, range, now)));
