import { defineModule } from '../define-module';
import { createGetSaga, createListSagas, type SagaViewSources } from './queries';
import { createSagaRoutes } from './routes';
import { createRecordSagaOutcome, findSagaHandler, recordStepDecisionHandler, type SagaEndings } from './saga';

/** What the handlers of sagas need. */
export interface SagaServices extends SagaViewSources {
  readonly sagaEndings: SagaEndings;
}

/** The module of sagas. */
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
