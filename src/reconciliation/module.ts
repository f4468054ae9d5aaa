import { defineModule } from '../define-module';
import { createReconciliationRoutes, listDiscrepanciesHandler } from './routes';
import {
  beginReconciliationHandler,
  comparePageHandler,
  copyChargesHandler,
  finishReconciliationHandler,
  forgetCopiesHandler,
} from './run';

/** The module of reconciliation. */
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
