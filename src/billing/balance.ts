import { type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Mediator } from '../cqrs/mediator';
import { canAccess, defineQuery, handle } from '../cqrs/message';
import { customerAccount } from '../domain/ledger';
import { apiRoute, createRouter, json, sendOptions } from '../http/api-route';
import type { HttpEnv } from '../http/problem';
import { Refusal } from '../platform/refusal';
import { clientId, currency } from '../platform/schemas';

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

/** Handles {@link getBalance}. */
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

/** Creates the route of the balance. */
export function createBillingRoutes({ mediator }: { mediator: Mediator }): OpenAPIHono<HttpEnv> {
  const routes = createRouter();
  routes.openapi(
    apiRoute('/customers/{customer_id}/balance', {
      method: 'get',
      tags: ['billing'],
      operationId: 'getBalance',
      summary: 'Read the money received for a customer, from the ledger',
      request: { params: z.object({ customer_id: clientId }) },
      responses: { 200: json(balanceResponse, 'Balance per currency') },
      refusals: ['customer_not_found'],
    }),
    async (c) => c.json(await mediator.send(getBalance(c.req.valid('param')), sendOptions(c)), 200),
  );
  return routes;
}
