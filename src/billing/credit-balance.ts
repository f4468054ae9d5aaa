import { z } from 'zod';
import { defineCommand, handle } from '../cqrs/message';
import { paymentCredit, recordLedgerTransaction, reversal } from '../domain/ledger';
import { amount, clientId, currency } from '../platform/schemas';
import { newId } from '../platform/values';

/** Step `credit_balance` of the payment saga: credits the customer's balance. */
export const creditBalance = defineCommand({
  name: 'CreditBalance',
  input: z.strictObject({ saga_id: z.string(), customer_id: clientId, amount, currency }),
  result: z.object({ balance_tx_id: z.string() }),
  roles: [],
  transaction: 'one_statement',
});

/** Handles {@link creditBalance}. */
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

/** Compensation of `credit_balance`: records a transaction with the opposite entries. */
export const reverseCredit = defineCommand({
  name: 'ReverseCredit',
  input: z.strictObject({ saga_id: z.string() }),
  result: z.null(),
  roles: [],
});

/** Handles {@link reverseCredit}. */
export const reverseCreditHandler = handle(reverseCredit, async ({ saga_id }, { uow, now }) => {
  const credit = await uow.tx.ledgerTransaction.findUniqueOrThrow({
    where: { kind_reference: { kind: 'payment_credit', reference: saga_id } },
    include: { entries: true },
  });
  recordLedgerTransaction(uow, {
    ledger_transaction_id: newId('ltx'),
    kind: 'payment_credit_reversal',
    reference: saga_id,
    reverses: credit.ledger_transaction_id,
    created_at: now,
    entries: reversal(
      credit.entries.map(({ account, amount, currency }) => ({ account, amount: Number(amount), currency })),
    ),
  });
  return null;
});
