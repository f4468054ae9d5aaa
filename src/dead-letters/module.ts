import { defineModule } from '../define-module';
import { getReplayOutcomeHandler, matchDeadLettersHandler } from './act-on-many';
import {
  discardDeadLetterHandler,
  getDeadLetterHandler,
  listDeadLettersHandler,
  replayDeadLetterHandler,
} from './act-on-one';
import { createDeadLetterRoutes } from './routes';

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
