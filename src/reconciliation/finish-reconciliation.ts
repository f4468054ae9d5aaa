import { z } from 'zod';
import { handle } from '../mediator/handler';
import { defineCommand } from '../mediator/message';
import { difference, type Difference, type DifferenceKind } from './difference';
import { deleteCopies, deleteOthers, finishRun, upsertDifferences } from './reconciliation.sql';

/** What cannot be known of a provider whose list was not read: such a difference stays as it was found last. */
const OF_PROVIDERS: readonly DifferenceKind[] = [
  'charge_unknown_here',
  'charge_unknown_to_provider',
  'amount_differs',
  'refund_unknown_here',
  'refund_unknown_to_provider',
];

/** Makes the run the one that operators see, and forgets the differences that it did not find any more. */
export const finishReconciliation = defineCommand({
  name: 'FinishReconciliation',
  input: z.strictObject({ run_id: z.string(), unread: z.array(z.string()).readonly() }),
  result: z.object({ resolved: z.int(), fresh: z.array(z.custom<Difference>()) }),
  roles: [],
});

export const finishReconciliationHandler = handle(finishReconciliation, async ({ run_id, unread }, { uow }) => {
  const unknown = unread.map((provider) =>
    difference('provider_not_read', provider, { expected: 'its charges', actual: null }),
  );
  const fresh = await upsertDifferences(uow.tx, run_id, unknown);
  const resolved = await deleteOthers(uow.tx, run_id, unread.length > 0 ? OF_PROVIDERS : []);
  await finishRun(uow.tx, run_id);
  return { resolved, fresh };
});

/** Forgets a batch of what runs have copied; answers how many charges. Not while a run compares. */
export const forgetCopies = defineCommand({
  name: 'ForgetCopies',
  input: z.strictObject({ limit: z.int().min(1).max(10_000) }),
  result: z.int(),
  roles: [],
});

export const forgetCopiesHandler = handle(forgetCopies, ({ limit }, { uow }) => deleteCopies(uow.tx, limit));
