import { z } from '@hono/zod-openapi';
import { handle } from '../mediator/handler';
import { defineCommand } from '../mediator/message';
import { deleteExpiredRows, expiring } from './expired.sql';

/** Deletes one batch of what has expired; answers how many rows. For the system. */
export const deleteExpired = defineCommand({
  name: 'DeleteExpired',
  input: z.strictObject({ table: z.enum(expiring), limit: z.int().min(1).max(10_000) }),
  result: z.int(),
  roles: [],
});

export const deleteExpiredHandler = handle(deleteExpired, ({ table, limit }, { uow }) =>
  deleteExpiredRows(uow.tx, table, limit),
);
