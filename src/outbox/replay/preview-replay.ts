import { handle } from '../../mediator/handler';
import { defineQuery } from '../../mediator/message';
import { inTransaction } from '../../platform/database/transaction';
import { readScope, type ReplayDeps } from './read-scope';
import { chosenRange, replayScope } from './replay-range';

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
