import { z } from '@hono/zod-openapi';
import { handle } from '../mediator/handler';
import { defineQuery, canAccess } from '../mediator/message';
import { Refusal } from '../platform/refusal';
import { clientId, currency } from '../platform/schemas';
import { customerAccount } from './ledger';

/** A balance in responses. */
export const balanceResponse = z
  .object({
    balances: z.array(
      z.object({
        currency,
        amount: z.int().openapi({ description: 'In minor units, from the ledger.', example: 9900 }),
      }),
    ),
  })
  .openapi('Balance');

/** Reads the money received for a customer, per currency. */
export const getBalance = defineQuery({
  name: 'GetBalance',
  input: z.strictObject({ customer_id: clientId }),
  result: balanceResponse,
  roles: ['customer', 'service', 'operator'],
});

export const getBalanceHandler = handle(getBalance, async ({ customer_id }, { database, principal }) => {
  if (!canAccess(principal, customer_id)) {
    throw new Refusal('customer_not_found', `There is no customer ${customer_id}.`);
  }
  const sums = await database.ledgerEntry.groupBy({
    by: ['currency'],
    where: { account: customerAccount(customer_id) },
    _sum: { amount: true },
    orderBy: { currency: 'asc' },
  });
  return { balances: sums.map(({ currency, _sum }) => ({ currency, amount: Number(_sum.amount ?? 0) })) };
});
