import { z } from 'zod';
import { handle } from '../mediator/handler';
import { defineCommand } from '../mediator/message';
import { addSale } from './sales.sql';

/** One `order.paid` or `order.refunded`, counted on its UTC day. */
export const recordSale = defineCommand({
  name: 'RecordSale',
  input: z.strictObject({
    day: z.iso.date(),
    currency: z.string(),
    orders: z.int(),
    amount: z.int(),
    refunded_amount: z.int(),
  }),
  result: z.null(),
  roles: [],
});

export const recordSaleHandler = handle(recordSale, async (sale, { uow }) => {
  await addSale(uow.tx, sale);
  return null;
});
