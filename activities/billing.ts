import { closeInvoice } from '../src/billing/close-invoice';
import { creditBalance } from '../src/billing/credit-balance';
import { reopenInvoice } from '../src/billing/reopen-invoice';
import { reverseCredit } from '../src/billing/reverse-credit';
import type { PaymentSagaInput } from '../src/contract';
import type { StepSender } from './send-step';

/** Creates the steps on invoice and ledger. */
export const createBillingActivities = (steps: StepSender) => ({
  async closeInvoice(saga: PaymentSagaInput): Promise<{ capture_ref: string }> {
    const { order_id, invoice_id, payment_id } = saga;
    const message = closeInvoice({ order_id, invoice_id, payment_id });
    return steps.execute({ saga, step: 'close_invoice', point: 'billing.close_invoice', message });
  },

  async reopenInvoice(saga: PaymentSagaInput): Promise<void> {
    const { order_id, invoice_id, payment_id } = saga;
    const message = reopenInvoice({ order_id, invoice_id, payment_id });
    await steps.compensate({ saga, step: 'close_invoice', point: 'billing.reopen_invoice', message });
  },

  async creditBalance(saga: PaymentSagaInput): Promise<{ balance_tx_id: string }> {
    const { saga_id, customer_id, amount, currency } = saga;
    const message = creditBalance({ saga_id, customer_id, amount, currency });
    return steps.execute({ saga, step: 'credit_balance', point: 'ledger.credit_balance', message });
  },

  async reverseCredit(saga: PaymentSagaInput): Promise<void> {
    const message = reverseCredit({ saga_id: saga.saga_id });
    await steps.compensate({ saga, step: 'credit_balance', point: 'ledger.reverse_credit', message });
  },
});
