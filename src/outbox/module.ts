import { defineModule } from '../define-module';
import { discardOutboxRowHandler, getOutboxRowHandler, listOutboxRowsHandler, requeueOutboxRowHandler } from './admin';
import {
  continueReplayHandler,
  createPreviewReplay,
  createStartReplay,
  getReplayHandler,
  type ReplayDeps,
} from './replay';
import { createOutboxRoutes } from './routes';

/** The outbox, with its operators' routes. */
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
