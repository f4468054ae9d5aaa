import { defineModule } from '../define-module';
import { closeInvoiceHandler } from './close-invoice';
import { creditBalanceHandler } from './credit-balance';
import { getBalanceHandler } from './get-balance';
import { invoiceEvents } from './invoice-events';
import { reopenInvoiceHandler } from './reopen-invoice';
import { reverseCreditHandler } from './reverse-credit';
import { createBillingRoutes } from './routes';

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
