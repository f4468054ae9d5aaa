import { paymentSagaId } from '../contract';
import type { Tx } from '../platform/database/database';

/** The sagas of one payment, the newest first: the first try, and what operators began again. */
export async function sagasOf(tx: Tx, { order_id, payment_id }: { order_id: string; payment_id: string }) {
  const sagas = await tx.saga.findMany({
    where: { order_id, type: 'payment' },
    orderBy: [{ created_at: 'desc' }, { saga_id: 'desc' }],
  });
  return sagas.filter(({ input }) => isOf(input, payment_id));
}

/** `payment-<payment_id>`, then `-2`, `-3`…: the first that is free, since another payment's id may end like that. */
export async function freeSagaId(tx: Tx, paymentId: string): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const saga_id = paymentSagaId(paymentId) + (attempt === 1 ? '' : `-${attempt}`);
    if (!(await tx.saga.findUnique({ where: { saga_id }, select: { saga_id: true } }))) return saga_id;
  }
}

const isOf = (input: unknown, paymentId: string): boolean =>
  typeof input === 'object' && input !== null && 'payment_id' in input && input.payment_id === paymentId;
