import { z } from 'zod';
import { handle } from '../../mediator/handler';
import { defineCommand, systemPrincipal } from '../../mediator/message';
import { defineTable } from '../../platform/database/table';
import { notPayable } from '../../orders/order';
import { loadOrder } from '../../orders/order-aggregate';
import { amount as positive, clientId, currency as iso4217, opaqueId } from '../../platform/schemas';
import { decidePayment } from '../payment';
import { paymentAggregate } from '../payment-aggregate';
import { chargeRequest } from './provider-charge';

/**
 * The intent of the step `charge`: requests the payment and records the provider. A repeat with another provider returns
 * the first one, so two providers never take the money.
 */
export const requestCharge = defineCommand({
  name: 'RequestCharge',
  input: z.strictObject({
    payment_id: opaqueId,
    order_id: opaqueId,
    invoice_id: opaqueId,
    customer_id: clientId,
    amount: positive,
    currency: iso4217,
    payment_method: z.string(),
    provider: z.string(),
  }),
  result: chargeRequest,
  roles: [],
});

const chargeTable = defineTable('provider_charge', 'payment_id');

export const requestChargeHandler = handle(requestCharge, async ({ provider, payment_method, ...content }, { uow, now }) => {
  const order = await loadOrder(uow, content.order_id, systemPrincipal);
  if (order.status !== 'PENDING_PAYMENT') throw notPayable(order);
  const payment = await uow.load(paymentAggregate, content.payment_id);
  uow.change(paymentAggregate, payment, decidePayment({ type: 'request', content, requested_at: now }, payment));

  const { payment_id, order_id, customer_id, amount, currency } = content;
  const charge = { payment_id, order_id, customer_id, amount, currency, payment_method };
  const request = { ...charge, provider, key: payment_id };
  uow.insert(chargeTable, { ...request, state: 'asked', created_at: now, changed_at: now });
  return request;
});
