import { z } from 'zod';
import { handle } from '../mediator/handler';
import { defineCommand } from '../mediator/message';
import { amount, currency, day } from '../platform/schemas';
import { addSale } from './sales.sql';

/** Counts an `order.paid` or `order.refunded` on its UTC day. */
export const recordSale = defineCommand({
  name: 'RecordSale',
  input: z.strictObject({
    day,
    currency,
    orders: z.literal([0, 1]),
    amount: amount.or(z.literal(0)),
    refunded_amount: amount.or(z.literal(0)),
  }),
  result: z.null(),
  roles: [],
});

export const recordSaleHandler = handle(recordSale, async (sale, { uow }) => {
  await addSale(uow.tx, sale);
  return null;
});
