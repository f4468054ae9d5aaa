import { z } from 'zod';
import { handle } from '../mediator/handler';
import { defineCommand } from '../mediator/message';

/**
 * Asks whether the pivot happened, for a saga that was not told. Sent once as the undoing of `settle`:
 * when that never happened, its key is taken as undone, so a late attempt does nothing, and the answer
 * is `null`; the handler runs, and changes nothing, only when it did happen.
 */
export const confirmSettlement = defineCommand({
  name: 'ConfirmSettlement',
  input: z.strictObject({ saga_id: z.string() }),
  result: z.object({ settled: z.literal(true) }).nullable(),
  roles: [],
});

export const confirmSettlementHandler = handle(confirmSettlement, async () => ({ settled: true as const }));
