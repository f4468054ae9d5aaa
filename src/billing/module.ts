import { defineModule } from '../define-module';
import { invoiceEvents } from '../domain/invoice';
import { createBillingRoutes, getBalanceHandler } from './balance';
import { closeInvoiceHandler, reopenInvoiceHandler } from './close-invoice';
import { creditBalanceHandler, reverseCreditHandler } from './credit-balance';

/** The module of billing. */
export const billingModule = defineModule({
  events: invoiceEvents,
  handlers: () => [
    closeInvoiceHandler,
    reopenInvoiceHandler,
    creditBalanceHandler,
    reverseCreditHandler,
    getBalanceHandler,
  ],
  routes: [createBillingRoutes],
});
