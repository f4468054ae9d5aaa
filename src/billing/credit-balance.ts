import { z } from 'zod';
import { handle } from '../mediator/handler';
import { defineCommand } from '../mediator/message';
import { newId } from '../platform/ids';
import { amount, clientId, currency } from '../platform/schemas';
import { paymentCredit } from './ledger';
import { recordLedgerTransaction } from './record-ledger-transaction';

/** Step `credit_balance` of the payment saga: credits the customer's balance. */
export const creditBalance = defineCommand({
  name: 'CreditBalance',
  input: z.strictObject({ saga_id: z.string(), customer_id: clientId, amount, currency }),
  result: z.object({ balance_tx_id: z.string() }),
  roles: [],
  transaction: 'one_statement',
});

export const creditBalanceHandler = handle(creditBalance, async (credit, { uow, now }) => {
  const balance_tx_id = newId('ltx');
  recordLedgerTransaction(uow, {
    ledger_transaction_id: balance_tx_id,
    kind: 'payment_credit',
    reference: credit.saga_id,
    reverses: null,
    created_at: now,
    entries: paymentCredit(credit.customer_id, credit.amount, credit.currency),
  });
  return { balance_tx_id };
});
