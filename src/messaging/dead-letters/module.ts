import { defineModule } from '../../define-module';
import { discardDeadLetterHandler, replayDeadLetterHandler } from './act-on-letter';
import { getReplayOutcomeHandler, matchDeadLettersHandler } from './act-on-many';
import { getDeadLetterHandler } from './get-dead-letter';
import { listDeadLettersHandler } from './list-dead-letters';
import { createDeadLetterRoutes } from './routes';

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
