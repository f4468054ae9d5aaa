import { z } from 'zod';
import { handle } from '../mediator/handler';
import { defineCommand } from '../mediator/message';
import { discrepancy, type Discrepancy, type DiscrepancyKind } from './difference';
import { deleteCopies, deleteOthers, finishRun, upsertDiscrepancies } from './reconciliation.sql';

/** The kinds that cannot be compared without a provider's list. Their last known discrepancies stay. */
const OF_PROVIDERS: readonly DiscrepancyKind[] = [
  'charge_unknown_here',
  'charge_unknown_to_provider',
  'amount_differs',
  'refund_unknown_here',
  'refund_unknown_to_provider',
];

/** Publishes the run to operators and deletes the discrepancies that it did not find. */
export const finishReconciliation = defineCommand({
  name: 'FinishReconciliation',
  input: z.strictObject({ run_id: z.string(), unread: z.array(z.string()).readonly() }),
  result: z.object({ resolved: z.int(), new_discrepancies: z.array(z.custom<Discrepancy>()) }),
  roles: [],
});

export const finishReconciliationHandler = handle(finishReconciliation, async ({ run_id, unread }, { uow }) => {
  const unknown = unread.map((provider) =>
    discrepancy('provider_not_read', provider, { expected: 'its charges', actual: null }),
  );
  const new_discrepancies = await upsertDiscrepancies(uow.tx, run_id, unknown);
  const resolved = await deleteOthers(uow.tx, run_id, unread.length > 0 ? OF_PROVIDERS : []);
  await finishRun(uow.tx, run_id);
  return { resolved, new_discrepancies };
});

/** Deletes a batch of copied charges and returns their number. Do not send it while a run compares. */
export const forgetCopies = defineCommand({
  name: 'ForgetCopies',
  input: z.strictObject({ limit: z.int().min(1).max(10_000) }),
  result: z.int(),
  roles: [],
});

export const forgetCopiesHandler = handle(forgetCopies, ({ limit }, { uow }) => deleteCopies(uow.tx, limit));
