import { z } from '@hono/zod-openapi';
import { defineCommand, handle } from '../cqrs/message';
import type { UnitOfWork } from '../cqrs/unit-of-work';
import { invoiceAggregate, invoiceNotFound, loadInvoice } from '../domain/invoice';
import { loadOrder, orderAggregate, orderNotFound } from '../domain/order';
import { decidePayment, paymentAggregate, paymentConflict, refusalOf, sameContent } from '../domain/payment';
import type { Tx } from '../platform/database/database';
import type { Refusal, RefusalCode } from '../platform/refusal';
import { amount, clientId, currency, opaqueId } from '../platform/schemas';
import { beginSaga } from '../sagas/saga';
import { paymentSagaId, type PaymentSagaInput, type PaymentSagaResult } from '../temporal-contract';

/** Begins a saga of a payment: the first one, or a restart by an operator. */
export function beginPaymentSaga(
  uow: UnitOfWork,
  input: PaymentSagaInput,
  now: string,
): Extract<SagaOutcome, { state: 'running' }> {
  beginSaga(uow, 'payment', input, now);
  return { state: 'running', saga_id: input.saga_id, input };
}

/** Finds the sagas of a payment, newest first: the first saga and its restarts. The order does not depend on clocks. */
export async function sagasOf(tx: Tx, { order_id, payment_id }: { order_id: string; payment_id: string }) {
  const sagas = await tx.saga.findMany({ where: { order_id, type: 'payment' } });
  const attemptOf = ({ saga_id }: { saga_id: string }): number => attemptIn(saga_id, payment_id);
  return sagas.filter(({ input }) => isOf(input, payment_id)).sort((one, other) => attemptOf(other) - attemptOf(one));
}

/**
 * Returns the first free id of `payment-<payment_id>`, `-2`, `-3`…; another payment's id may end like that. A used id
 * is never free again, so the number is greater than those of the payment's other sagas.
 */
export async function freeSagaId(tx: Tx, paymentId: string): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const saga_id = paymentSagaId(paymentId) + (attempt === 1 ? '' : `-${attempt}`);
    if (!(await tx.saga.findUnique({ where: { saga_id }, select: { saga_id: true } }))) return saga_id;
  }
}

/** Returns the id of a payment's first saga. An id that ends like a restart may be taken, and needs a query. */
export const firstSagaId = async (tx: Tx, paymentId: string): Promise<string> =>
  /-\d+$/.test(paymentId) ? freeSagaId(tx, paymentId) : paymentSagaId(paymentId);

/** The number that {@link freeSagaId} gave to the saga. */
const attemptIn = (sagaId: string, paymentId: string): number =>
  Number(sagaId.slice(`${paymentSagaId(paymentId)}-`.length) || 1);

const isOf = (input: unknown, paymentId: string): boolean =>
  typeof input === 'object' && input !== null && 'payment_id' in input && input.payment_id === paymentId;

/** The state of a payment saga, from its row. */
export const sagaOutcome = z.discriminatedUnion('state', [
  z.object({ state: z.literal('running'), saga_id: z.string(), input: z.custom<PaymentSagaInput>() }),
  z.object({ state: z.literal('completed'), saga_id: z.string(), result: z.custom<PaymentSagaResult>() }),
  z.object({ state: z.literal('compensated'), saga_id: z.string(), failed_step: z.string(), detail: z.string() }),
]);
/** The state of a payment saga. */
export type SagaOutcome = z.infer<typeof sagaOutcome>;

interface SagaRow {
  readonly saga_id: string;
  readonly state: string;
  readonly input: unknown;
  readonly result: unknown;
  readonly failed_step: string | null;
  readonly failure_detail: string | null;
}

/** Makes the outcome from a row. */
export function toSagaOutcome({ saga_id, state, input, result, failed_step, failure_detail }: SagaRow): SagaOutcome {
  if (state === 'completed') return { state, saga_id, result: result as PaymentSagaResult };
  if (state === 'compensated') {
    return { state, saga_id, failed_step: failed_step ?? 'unknown', detail: failure_detail ?? '' };
  }
  return { state: 'running', saga_id, input: input as PaymentSagaInput };
}

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
