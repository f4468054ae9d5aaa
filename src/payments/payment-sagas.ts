import { paymentSagaId } from '../contract';
import type { Tx } from '../platform/database/database';

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
