import type { Handler } from '../../mediator/handler';
import type { Database } from '../../platform/database/database';
import {
  discardDeadLetter,
  discardDeadLetterHandler,
  replayDeadLetter,
  replayDeadLetterHandler,
} from './act-on-letter';
import {
  createGetReplayOutcome,
  createMatchDeadLetters,
  getReplayOutcome,
  keepOutcome,
  keepOutcomeHandler,
  matchDeadLetters,
} from './act-on-many';
import { createGetDeadLetter, getDeadLetter } from './get-dead-letter';
import { createListDeadLetters, listDeadLetters } from './list-dead-letters';

/** The commands and queries about dead letters. */
export const deadLetterMessages = [
  listDeadLetters,
  getDeadLetter,
  replayDeadLetter,
  discardDeadLetter,
  matchDeadLetters,
  getReplayOutcome,
  keepOutcome,
];

/** Creates the handlers of {@link deadLetterMessages}. */
export const createDeadLetterHandlers = (database: Database): Handler[] => [
  createListDeadLetters(database),
  createGetDeadLetter(database),
  replayDeadLetterHandler,
  discardDeadLetterHandler,
  createMatchDeadLetters(database),
  createGetReplayOutcome(database),
  keepOutcomeHandler,
];
