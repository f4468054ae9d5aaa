import { z } from '@hono/zod-openapi';
import { handle } from '../mediator/handler';
import { defineCommand } from '../mediator/message';
import { deleteExpiredRows, expiring } from './expired.sql';

/** Deletes one batch of expired rows and returns how many. For the system only. */
export const deleteExpired = defineCommand({
  name: 'DeleteExpired',
  input: z.strictObject({ table: z.enum(expiring), limit: z.int().min(1).max(10_000) }),
  result: z.int(),
  roles: [],
});

/** Handles {@link deleteExpired}. */
export const deleteExpiredHandler = handle(deleteExpired, ({ table, limit }, { uow }) =>
  deleteExpiredRows(uow.tx, table, limit),
);
