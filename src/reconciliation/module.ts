import { defineModule } from '../define-module';
import { beginReconciliationHandler } from './begin-reconciliation';
import { comparePageHandler } from './compare-page';
import { copyChargesHandler } from './copy-charges';
import { finishReconciliationHandler, forgetCopiesHandler } from './finish-reconciliation';
import { listDiscrepanciesHandler } from './list-differences';
import { createReconciliationRoutes } from './routes';

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
