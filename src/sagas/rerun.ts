import { type WorkflowExecutionStatusName, WorkflowNotFoundError } from '@temporalio/client';
import type { Database } from '../platform/database/database';
import type { Logger } from '../platform/logger';
import { reasonOf, type TemporalClient } from '../platform/temporal/temporal';
import { wait } from '../platform/timing';
import type { SagaType } from '../temporal-contract';
import type { SagaStarter, SagaToRerun } from './start';

/** A saga whose workflow is to be looked up. */
export interface UncheckedSaga {
  readonly saga_id: string;
  /** Its workflow was already lost at an earlier check, and its last attempts have ended since. */
  readonly is_due: boolean;
}

/** A lost saga that is to run again. */
export interface LostSaga extends SagaToRerun {
  /** The number of reruns, including this one. */
  readonly reruns: number;
}

/** The longest pause between two reruns of one saga. */
const MAX_WAIT_MS = 300_000;

/** Finds the started sagas that have not ended, least recently checked first. */
export function findUnchecked(database: Database, everyMs: number, limit: number): Promise<UncheckedSaga[]> {
  return database.$queryRawUnsafe(
    `SELECT saga_id,
       coalesce(lost_at < now() - least($1::float8 * 2 ^ least(reruns, 10), ${MAX_WAIT_MS}) * interval '1 millisecond', false) AS is_due
     FROM saga
     WHERE state NOT IN ('completed', 'compensated') AND started_at IS NOT NULL
       AND coalesce(checked_at, started_at) < now() - $1::float8 * interval '1 millisecond'
     ORDER BY coalesce(checked_at, started_at) LIMIT $2`,
    everyMs,
    limit,
  );
}

/** Marks sagas whose workflows run. */
export async function markAlive(database: Database, sagaIds: readonly string[]): Promise<void> {
  await database.$executeRawUnsafe(
    `UPDATE saga SET checked_at = now(), lost_at = NULL WHERE saga_id = ANY ($1::text[])`,
    sagaIds,
  );
}

/** Marks sagas whose workflows are lost. @returns the ids of the newly lost sagas */
export async function markLost(database: Database, sagaIds: readonly string[]): Promise<string[]> {
  const rows = await database.$queryRawUnsafe<{ saga_id: string; is_new: boolean }[]>(
    `WITH before AS (SELECT saga_id, lost_at FROM saga WHERE saga_id = ANY ($1::text[]))
     UPDATE saga SET checked_at = now(), lost_at = coalesce(saga.lost_at, now())
     FROM before WHERE saga.saga_id = before.saga_id AND state NOT IN ('completed', 'compensated')
     RETURNING saga.saga_id, before.lost_at IS NULL AS is_new`,
    sagaIds,
  );
  return rows.filter(({ is_new }) => is_new).map(({ saga_id }) => saga_id);
}

/**
 * Claims a lost saga for a rerun, for one of several workers. A saga with a failure compensates; any other goes forward.
 */
export async function takeLost(database: Database, sagaId: string): Promise<LostSaga | undefined> {
  const [row] = await database.$queryRawUnsafe<LostSaga[]>(
    `UPDATE saga SET lost_at = NULL, checked_at = now(), reruns = reruns + 1,
       state = CASE WHEN failure_code IS NULL THEN 'running' ELSE 'compensating' END
     WHERE saga_id = $1 AND lost_at IS NOT NULL AND state NOT IN ('completed', 'compensated')
     RETURNING saga_id, type, input, reruns, CASE WHEN failure_code IS NOT NULL THEN json_build_object(
       'failed_step', failed_step, 'code', failure_code, 'detail', coalesce(failure_detail, '')) END AS failure`,
    sagaId,
  );
  return row;
}

/** What the check needs. */
export interface RerunLostSagasOptions {
  readonly database: Database;
  readonly sagas: Pick<SagaStarter, 'rerun'>;
  readonly temporal: Pick<TemporalClient, 'client' | 'within'>;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** The time between two checks of one saga. Defaults to 15 s. */
  readonly everyMs?: number;
  /** Called for each rerun. */
  readonly onRerun?: (type: SagaType) => void;
}

/** Longer than an attempt takes, so that no attempt of the lost run still works when the saga runs again. */
const EVERY_MS = 15_000;
const PAGE = 100;
/** The number of concurrent requests to Temporal. */
const AT_A_TIME = 10;
const DEADLINE_MS = 2_000;
/** The number of lost sagas that are logged per group. Every lost saga is marked in its row. */
const LOGGED = 5;
/**
 * The statuses of an ended workflow. A workflow with any other status may be alive, such as a paused one.
 */
const ENDED: ReadonlySet<WorkflowExecutionStatusName> = new Set([
  'COMPLETED',
  'FAILED',
  'CANCELLED',
  'TERMINATED',
  'TIMED_OUT',
]);

/**
 * Compares open sagas with Temporal's workflows until the signal aborts. A saga whose workflow was terminated, deleted or
 * lost runs again under the same id after the second check. Its steps return their stored results, so nothing happens
 * twice. Any number of workers may check.
 */
export async function rerunLostSagas(options: RerunLostSagasOptions): Promise<void> {
  const { logger, signal, everyMs = EVERY_MS } = options;
  while (!signal.aborted) {
    const isMore = await checkPage(options).catch((error: unknown) => {
      logger.warn({ err: error }, 'saga.check_failed');
      return false;
    });
    if (!isMore) await wait(everyMs / 5, signal);
  }
}

async function checkPage(options: RerunLostSagasOptions): Promise<boolean> {
  const { database, everyMs = EVERY_MS, signal } = options;
  const page = await findUnchecked(database, everyMs, PAGE);
  for (let first = 0; first < page.length && !signal.aborted; first += AT_A_TIME) {
    if (!(await checkGroup(options, page.slice(first, first + AT_A_TIME)))) return false;
  }
  return page.length === PAGE;
}

/** @returns `false` when Temporal does not answer; nothing is marked then */
async function checkGroup(options: RerunLostSagasOptions, together: readonly UncheckedSaga[]): Promise<boolean> {
  const { database, logger } = options;
  const ends = await Promise.all(together.map(({ saga_id }) => endOf(options, saga_id)));
  if (ends.includes('unknown')) return false;
  const having = (isGone: boolean) => together.filter((_, index) => (ends[index] !== 'alive') === isGone);
  const [alive, gone] = [having(false), having(true)];
  if (alive.length > 0) await markAlive(database, idsOf(alive));
  if (gone.length === 0) return true;

  const found = await markLost(database, idsOf(gone));
  for (const saga_id of found.slice(0, LOGGED)) {
    const workflow = ends[together.findIndex((saga) => saga.saga_id === saga_id)];
    logger.error({ saga_id, workflow, lost_at_once: found.length }, 'saga.workflow_lost');
  }
  for (const { saga_id, is_due } of gone) if (is_due) await rerun(options, saga_id);
  return true;
}

const idsOf = (sagas: readonly UncheckedSaga[]): string[] => sagas.map(({ saga_id }) => saga_id);

/** Returns how the workflow ended; `alive` if it did not, `unknown` if Temporal does not answer. */
async function endOf({ temporal, logger }: RerunLostSagasOptions, sagaId: string): Promise<string> {
  try {
    const { workflow } = temporal.client;
    const { status } = await temporal.within(DEADLINE_MS, () => workflow.getHandle(sagaId).describe());
    return ENDED.has(status.name) ? status.name.toLowerCase() : 'alive';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'not_found';
    logger.debug({ saga_id: sagaId, reason: reasonOf(error) }, 'saga.check_postponed');
    return 'unknown';
  }
}

/** Runs a lost saga again. After a failed start the next checks find the saga again. */
async function rerun({ database, sagas, logger, onRerun }: RerunLostSagasOptions, sagaId: string): Promise<void> {
  const saga = await takeLost(database, sagaId);
  if (!saga) return;
  const reason = (await sagas.rerun(saga, DEADLINE_MS))?.reason;
  if (reason === undefined) onRerun?.(saga.type);
  const line = { saga_id: sagaId, reruns: saga.reruns, failure: saga.failure?.code, reason };
  logger[reason === undefined ? 'warn' : 'error'](line, reason === undefined ? 'saga.rerun' : 'saga.rerun_refused');
}
