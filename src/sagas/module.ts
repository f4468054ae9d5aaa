import { defineModule } from '../define-module';
import { findSagaHandler } from './find-saga';
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
    createRecordSagaOutcome(sagaEndings),
    recordStepDecisionHandler,
    findSagaHandler,
    createGetSaga(sources),
    createListSagas(sources),
  ],
  routes: [createSagaRoutes],
});
