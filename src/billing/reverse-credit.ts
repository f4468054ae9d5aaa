import { z } from 'zod';
import { handle } from '../mediator/handler';
import { defineCommand } from '../mediator/message';
import { newId } from '../platform/ids';
import { reversal } from './ledger';
import { recordLedgerTransaction } from './record-ledger-transaction';

/** Compensation of `credit_balance`: records a transaction with the opposite entries. */
export const reverseCredit = defineCommand({
  name: 'ReverseCredit',
  input: z.strictObject({ saga_id: z.string() }),
  result: z.null(),
  roles: [],
});

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
