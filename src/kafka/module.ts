import { defineModule } from '../define-module';
import {
  discardDeadLetterHandler,
  getDeadLetterHandler,
  listDeadLettersHandler,
  replayDeadLetterHandler,
} from './dead-letters';
import { getReplayOutcomeHandler, matchDeadLettersHandler } from './act-on-dead-letters';
import { createDeadLetterRoutes } from './dead-letter-routes';

export const deadLettersModule = defineModule({
  handlers: () => [
    listDeadLettersHandler,
    getDeadLetterHandler,
    replayDeadLetterHandler,
    discardDeadLetterHandler,
    matchDeadLettersHandler,
    getReplayOutcomeHandler,
  ],
  routes: [createDeadLetterRoutes],
});
