import { type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Mediator } from '../cqrs/mediator';
import { actorId, defineCommand, handle, systemPrincipal } from '../cqrs/message';
import type { UnitOfWork } from '../cqrs/unit-of-work';
import { decideInvoice, invoiceAggregate, loadInvoice } from '../domain/invoice';
import { decideOrder, loadOrder, type Order, orderAggregate } from '../domain/order';
import {
  apiRoute,
  createRouter,
  idempotencyKey,
  json,
  idempotencyKeyOf,
  optionalJsonBody,
  sendOptions,
} from '../http/api-route';
import type { HttpEnv } from '../http/problem';
import { opaqueId, reason } from '../platform/schemas';
import type { CancelSaga } from '../sagas/operate';
import { orderSagaId } from '../temporal-contract';
import { orderResponse, toOrderResponse } from './order-response';

/**
 * Cancels an order and voids its open invoice. The compensation of a payment saga voids a closed invoice later. No-op for
 * a cancelled order.
 *
 * @throws Refusal `order_not_cancellable` when it is paid
 */
export async function cancelAndVoid(uow: UnitOfWork, order: Order, reason: string | null): Promise<Order> {
  const events = decideOrder({ type: 'cancel', reason }, order);
  if (events.length === 0) return order;
  const cancelled = uow.change(orderAggregate, order, events);
  const invoice = await loadInvoice(uow, order.invoice_id);
  if (invoice.status === 'OPEN') uow.change(invoiceAggregate, invoice, decideInvoice({ type: 'void' }, invoice));
  return cancelled;
}

/** The body of the request. */
const cancellation = z.strictObject({ reason: reason.optional() }).openapi('Cancellation');

/** Cancels an unpaid order. It competes with `SettlePayment` for the order's row, and the first one wins. */
export const cancelOrder = defineCommand({
  name: 'CancelOrder',
  input: cancellation.extend({ order_id: opaqueId }),
  result: orderResponse,
  roles: ['customer', 'service', 'operator'],
});

/** Handles {@link cancelOrder}. */
export const cancelOrderHandler = handle(cancelOrder, async ({ order_id, reason = null }, { principal, uow }) => {
  const order = await loadOrder(uow, order_id, principal);
  return toOrderResponse(await cancelAndVoid(uow, order, reason));
});

/** What the route needs. */
export interface CancelOrderRouteDeps {
  readonly mediator: Mediator;
  readonly cancelSaga: CancelSaga;
}

/** Creates the route that cancels an order. */
export function createCancelOrderRoute({ mediator, cancelSaga }: CancelOrderRouteDeps): OpenAPIHono<HttpEnv> {
  const routes = createRouter();
  routes.openapi(
    apiRoute('/orders/{order_id}/cancel', {
      method: 'post',
      tags: ['orders'],
      operationId: 'cancelOrder',
      summary: 'Cancel an unpaid order; a charge is refunded',
      request: {
        params: z.object({ order_id: opaqueId }),
        headers: idempotencyKey,
        body: optionalJsonBody(cancellation, { reason: 'The customer changed their mind.' }),
      },
      responses: { 200: json(orderResponse, 'Cancelled, now or before') },
      refusals: ['order_not_found', 'order_not_cancellable'],
    }),
    async (c) => {
      const command = { ...c.req.valid('param'), ...c.req.valid('json') };
      const options = sendOptions(c, idempotencyKeyOf(c, 'POST /orders/{order_id}/cancel', command));
      const order = await mediator.send(cancelOrder(command), options);
      const { principal } = options;
      const cancellation = {
        actor: actorId(principal ?? systemPrincipal),
        reason: command.reason ?? 'The order was cancelled.',
      };
      void cancelSaga(orderSagaId(order.order_id), cancellation);
      return c.json(order, 200);
    },
  );
  return routes;
}
