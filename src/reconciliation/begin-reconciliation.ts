import { z } from 'zod';
import { handle } from '../mediator/handler';
import { defineCommand } from '../mediator/message';
import { newId } from '../platform/ids';
import { insertRun } from './reconciliation.sql';

/** Begins a run. Returns the start of its window and the providers of recent charges. */
export const beginReconciliation = defineCommand({
  name: 'BeginReconciliation',
  input: z.strictObject({ window_ms: z.int().min(0), grace_ms: z.int().min(0) }),
  result: z.object({ run_id: z.string(), since: z.string(), providers: z.array(z.string()) }),
  roles: [],
});

export const beginReconciliationHandler = handle(beginReconciliation, async ({ window_ms, grace_ms }, { uow }) => {
  const { run_id, since, providers } = await insertRun(uow.tx, newId('rec'), window_ms, grace_ms);
  return { run_id, since, providers: [...providers] };
});
