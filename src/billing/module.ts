import { defineModule } from '../define-module';
import { closeInvoiceHandler, reopenInvoiceHandler } from './close-invoice';
import { creditBalanceHandler, reverseCreditHandler } from './credit-balance';
import { createBillingRoutes, getBalanceHandler } from './balance';
import { invoiceEvents } from '../domain/invoice';

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
