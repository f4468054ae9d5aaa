import { defineModule } from '../define-module';
import {
  beginReconciliationHandler,
  comparePageHandler,
  copyChargesHandler,
  finishReconciliationHandler,
  forgetCopiesHandler,
} from './run';
import { createReconciliationRoutes, listDiscrepanciesHandler } from './routes';

export const reconciliationModule = defineModule({
  handlers: () => [
    beginReconciliationHandler,
    copyChargesHandler,
    comparePageHandler,
    finishReconciliationHandler,
    forgetCopiesHandler,
    listDiscrepanciesHandler,
  ],
  routes: [createReconciliationRoutes],
});
