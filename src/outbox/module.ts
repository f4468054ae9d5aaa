import { defineModule } from '../define-module';
import { discardOutboxRowHandler, getOutboxRowHandler, listOutboxRowsHandler, requeueOutboxRowHandler } from './admin';
import { createOutboxRoutes } from './routes';
import {
  continueReplayHandler,
  createPreviewReplay,
  createStartReplay,
  getReplayHandler,
  type ReplayDeps,
} from './replay';

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
