import { z } from 'zod';
import { handle } from '../../mediator/handler';
import { defineCommand } from '../../mediator/message';
import { type SagaResponse, sagaResponse } from '../view/saga-view';

/** Keeps what a decision was answered under its once-key. @returns what is kept there: the first answer */
export const keepAnswer = defineCommand({
  name: 'KeepAnswer',
  input: z.strictObject({ answer: z.custom<SagaResponse>() }),
  result: sagaResponse,
  roles: ['operator'],
  transaction: 'one_statement',
});

export const keepAnswerHandler = handle(keepAnswer, async ({ answer }) => answer);
