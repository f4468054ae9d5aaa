import { defineModule } from '../define-module';
import { getReplayOutcomeHandler, matchDeadLettersHandler } from './act-on-dead-letters';
import { createDeadLetterRoutes } from './dead-letter-routes';
import {
  discardDeadLetterHandler,
  getDeadLetterHandler,
  listDeadLettersHandler,
  replayDeadLetterHandler,
} from './dead-letters';

/** The dead letters of consumers, with their operators' routes. */
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
