import { z } from '@hono/zod-openapi';
import { handle } from '../../mediator/handler';
import { defineCommand } from '../../mediator/message';
import { recordOperatorAction } from '../../mediator/operator-action';
import { Refusal } from '../../platform/refusal';
import { clientId } from '../../platform/schemas';
import { paymentAggregate } from '../payment-aggregate';
import { refundNote } from './resolve-refund';

/** The audit action that removes a refused payment from the reconciliation. */
export const PAYMENT_RETURNED = 'payment.returned';

/** Records that an operator has returned the money of a refused payment. */
export const returnPayment = defineCommand({
  name: 'ReturnPayment',
  input: refundNote.extend({ payment_id: clientId }),
  result: z.object({ payment_id: clientId, reference: refundNote.shape.reference }).openapi('ReturnedPayment'),
  roles: ['operator'],
});

export const returnPaymentHandler = handle(returnPayment, async ({ payment_id, reference, reason }, context) => {
  const { uow } = context;
  const payment = await uow.load(paymentAggregate, payment_id);
  if (!payment) throw new Refusal('payment_not_found', `There is no payment ${payment_id}.`);
  const { status, order_id, amount, currency } = payment;
  const charges = await uow.tx.providerCharge.count({ where: { payment_id } });
  if (status !== 'FAILED' || charges > 0) {
    const why = charges > 0 ? 'a provider was asked to charge it, and refunds it itself' : `it is ${status}`;
    throw new Refusal('payment_not_refused', `Payment ${payment_id} needs no return by an operator: ${why}.`);
  }
  const details = { reference, order_id, amount, currency };
  recordOperatorAction(context, { action: PAYMENT_RETURNED, subject: payment_id, reason, details });
  return { payment_id, reference };
});
