import { z } from '@hono/zod-openapi';
import { invoiceAggregate, invoiceNotFound, loadInvoice } from '../billing/invoice-aggregate';
import { handle } from '../mediator/handler';
import { defineCommand } from '../mediator/message';
import { loadOrder, orderAggregate, orderNotFound } from '../orders/order-aggregate';
import type { Refusal } from '../platform/refusal';
import type { RefusalCode } from '../platform/refusal-codes';
import { amount, clientId, currency, opaqueId } from '../platform/schemas';
import { decidePayment, paymentConflict, sameContent } from './payment';
import { paymentAggregate } from './payment-aggregate';
import { beginPaymentSaga } from './begin-payment-saga';
import { refusalOf } from './payable';
import { firstSagaId, sagasOf } from './payment-sagas';
import { sagaOutcome, toSagaOutcome } from './saga-outcome';

/** The notification of a payment. */
export const paymentNotification = z
  .strictObject({
    order_id: opaqueId,
    customer_id: clientId,
    invoice_id: opaqueId,
    amount,
    currency: currency.default('EUR'),
    payment_id: clientId,
  })
  .openapi('PaymentNotification');

/** The example of the OpenAPI document. */
export const paymentExample: z.input<typeof paymentNotification> = {
  order_id: 'ord_0199f0c2a5b87c3e8d2f4b6a9c1e3d5f',
  customer_id: 'cus_demo',
  invoice_id: 'inv_0199f0c2a5b87c3e8d2f4b6a9c1e3d60',
  amount: 9900,
  currency: 'EUR',
  payment_id: 'pay_demo',
};

/**
 * The outcome of a notification: the current state of its saga, or a refusal. A refusal is recorded with the payment,
 * unless the order's own saga makes the payment.
 */
const acceptance = z.union([
  sagaOutcome,
  z.object({ state: z.literal('refused'), code: z.custom<RefusalCode>(), detail: z.string() }),
]);
/** The outcome of a notification. */
export type Acceptance = z.infer<typeof acceptance>;

/** Accepts the notification of a payment, and begins the payment saga once per payment id. */
export const acceptPayment = defineCommand({
  name: 'AcceptPayment',
  input: paymentNotification,
  result: acceptance,
  roles: ['service', 'operator'],
});

export const acceptPaymentHandler = handle(
  acceptPayment,
  async (content, { uow, now, principal, correlationId }): Promise<Acceptance> => {
    // Load the payment only after these locks: another notification may insert it while this one waits.
    await uow.lock([orderAggregate, content.order_id], [invoiceAggregate, content.invoice_id]);
    const order = await loadOrder(uow, content.order_id, principal);
    if (order.customer_id !== content.customer_id) throw orderNotFound(content.order_id);
    if (order.invoice_id !== content.invoice_id) throw invoiceNotFound(content.invoice_id);
    const invoice = await loadInvoice(uow, content.invoice_id);
    const payment = await uow.load(paymentAggregate, content.payment_id);
    if (payment && !sameContent(payment, content)) {
      uow.change(paymentAggregate, payment, decidePayment({ type: 'conflict', content }, payment));
      return refused(paymentConflict(payment));
    }
    const [newest] = payment ? await sagasOf(uow.tx, content) : [];
    if (newest) return toSagaOutcome(newest);

    const requested = decidePayment({ type: 'request', content, requested_at: now }, payment);
    const refusal = refusalOf(order, invoice, content);
    if (refusal) {
      const { code } = refusal;
      // The order's own saga makes the payment, so the notification must not fail it.
      const isOwn = payment !== undefined && payment.status !== 'FAILED';
      if (!isOwn && payment?.failure_code !== code) {
        const open = uow.change(paymentAggregate, payment, requested);
        uow.change(paymentAggregate, open, decidePayment({ type: 'fail', code }, open));
      }
      return refused(refusal);
    }

    uow.change(paymentAggregate, payment, requested);
    const saga_id = await firstSagaId(uow.tx, content.payment_id);
    return beginPaymentSaga(uow, { saga_id, ...content, correlation_id: correlationId }, now);
  },
);

const refused = ({ code, detail }: Refusal): Acceptance => ({ state: 'refused', code, detail });
