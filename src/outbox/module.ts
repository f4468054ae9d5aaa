import { defineModule } from '../define-module';
import { discardOutboxRowHandler } from './operator/discard-outbox-row';
import { getOutboxRowHandler } from './operator/get-outbox-row';
import { listOutboxRowsHandler } from './operator/list-outbox-rows';
import { requeueOutboxRowHandler } from './operator/requeue-outbox-row';
import { createOutboxRoutes } from './operator/routes';
import { continueReplayHandler } from './replay/continue-replay';
import { getReplayHandler } from './replay/get-replay';
import { createPreviewReplay } from './replay/preview-replay';
import type { ReplayDeps } from './replay/read-scope';
import { createStartReplay } from './replay/start-replay';

export const outboxModule = defineModule({
  handlers: (replays: ReplayDeps) => [
    listOutboxRowsHandler,
    getOutboxRowHandler,
    requeueOutboxRowHandler,
    discardOutboxRowHandler,
    createPreviewReplay(replays),
    createStartReplay(replays),
    continueReplayHandler,
    getReplayHandler,
  ],
  routes: [createOutboxRoutes],
});
