import { defineModule } from '../define-module';
import { confirmStepHandler } from './confirm-step';
import { findStepHandler } from './decide/find-step';
import { keepAnswerHandler } from './decide/keep-answer';
import { findSagaHandler } from './find-saga';
import { findStepAnswerHandler } from './find-step-answer';
import { createRecordSagaOutcome, type SagaEndings } from './record-saga-outcome';
import { recordStepDecisionHandler } from './record-step-decision';
import { createSagaRoutes } from './routes';
import { createGetSaga } from './view/get-saga';
import { createListSagas } from './view/list-sagas';
import type { SagaViewSources } from './view/saga-progress';

export interface SagaServices extends SagaViewSources {
  readonly sagaEndings: SagaEndings;
}

export const sagasModule = defineModule({
  handlers: ({ sagaEndings, ...sources }: SagaServices) => [
    confirmStepHandler,
    createRecordSagaOutcome(sagaEndings),
    recordStepDecisionHandler,
    findStepHandler,
    findStepAnswerHandler,
    keepAnswerHandler,
    findSagaHandler,
    createGetSaga(sources),
    createListSagas(sources),
  ],
  routes: [createSagaRoutes],
});
