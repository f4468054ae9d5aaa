import type { Database } from '../platform/database/database';
import type { Logger } from '../platform/logger';
import type { TemporalClient } from '../platform/temporal/temporal';
import { createBackoff, succeeds, wait } from '../platform/timing';
import type { SagaStarter, SagaToStart, StartFailure } from './start';

/** A saga that is due to be started. */
export interface UnstartedSaga extends SagaToStart {
  /** The number of refusals by Temporal. */
  readonly start_attempts: number;
}

/** The number of due sagas among which customers take turns. In a longer backlog the newest wait for a later page. */
const TURNS_AMONG = 1_000;

/**
 * Finds the sagas that are due to be started: those whose API process died or whose start failed, and all shipments.
 * Payments come first, because their clients wait. Then the customers take turns, so that a burst of one customer does
 * not delay the others.
 */
export function findUnstarted(database: Database, limit: number): Promise<UnstartedSaga[]> {
  return database.$queryRawUnsafe<UnstartedSaga[]>(
    `SELECT saga_id, type, input, start_attempts
     FROM (
       SELECT saga_id, type, input, start_attempts, start_after FROM saga
       WHERE started_at IS NULL AND state = 'running'
         AND (start_after <= now() OR (type = 'shipment' AND start_attempts = 0))
       ORDER BY type <> 'payment', start_after LIMIT ${TURNS_AMONG}) AS due
     ORDER BY type <> 'payment', row_number() OVER (PARTITION BY input ->> 'customer_id' ORDER BY start_after), start_after
     LIMIT $1`,
    limit,
  );
}

/** Temporal has them: off the list, also while no worker has run their first step yet. */
export async function markStarted(database: Database, sagaIds: readonly string[]): Promise<void> {
  await database.$executeRawUnsafe(
    `UPDATE saga SET started_at = now(), start_error = NULL WHERE saga_id = ANY ($1::text[]) AND started_at IS NULL`,
    sagaIds,
  );
}

/** A start that Temporal refused. */
export interface RefusedStart {
  readonly saga_id: string;
  readonly reason: string;
  readonly wait_ms: number;
}

/** The number of rows that one call of {@link noteWhyUnstarted} updates. The next call updates more. */
const NOTED_AT_ONCE = 1_000;

/** Stores why no saga can be started with the due sagas, which stay due. */
export async function noteWhyUnstarted(database: Database, reason: string): Promise<void> {
  await database.$executeRawUnsafe(
    `UPDATE saga SET start_error = $1
     WHERE started_at IS NULL AND saga_id IN (
       SELECT saga_id FROM saga
       WHERE started_at IS NULL AND state = 'running' AND (start_after <= now() OR type = 'shipment')
         AND start_error IS DISTINCT FROM $1
       LIMIT ${NOTED_AT_ONCE})`,
    reason,
  );
}

/** Postpones each refused saga by its own pause, and stores the reason. */
export async function postponeStart(database: Database, refused: readonly RefusedStart[]): Promise<void> {
  await database.$executeRawUnsafe(
    `UPDATE saga SET start_attempts = start_attempts + 1, start_error = reason,
       start_after = now() + wait_ms * interval '1 millisecond'
     FROM json_to_recordset($1::json) AS refused (saga_id text, reason text, wait_ms float8)
     WHERE saga.saga_id = refused.saga_id AND started_at IS NULL`,
    JSON.stringify(refused),
  );
}

/** What the sweeper needs. */
export interface StartSweeperOptions {
  readonly database: Database;
  readonly sagas: Pick<SagaStarter, 'attempt'>;
  /** Tells whether Temporal is available after a failed start. */
  readonly temporal: Pick<TemporalClient, 'ping'>;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Defaults to 1 s. */
  readonly intervalMs?: number;
}

const PAGE = 50;
/** The number of concurrent starts. A start that hangs delays the others only until its deadline. */
const AT_A_TIME = 5;
const START_DEADLINE_MS = 2_000;
const PING_DEADLINE_MS = 1_000;
const MAX_PAUSE_MS = 5_000;
const MAX_WAIT_MS = 60_000;
const MAX_REASON_LENGTH = 300;
/** The number of logged refusals per group of starts. Every refusal is stored with its saga. */
const LOGGED_REFUSALS = 2;
/** How often a failure of all starts is logged again. */
const REMIND_MS = 30_000;

/**
 * Starts unstarted sagas every second until the signal aborts, with longer pauses while Temporal or the database is
 * away. A refused saga waits longer each time and delays no other. When Temporal accepts no saga because something is
 * missing, the command that corrects it is logged. Any number of workers may sweep: a saga starts once, because its id is
 * the workflow id.
 */
export async function runStartSweeper(options: StartSweeperOptions): Promise<void> {
  const { logger, signal, intervalMs = 1_000 } = options;
  const pause = createBackoff({ initialMs: intervalMs, maxMs: MAX_PAUSE_MS });
  const alarm = createAlarm(logger);
  while (!signal.aborted) {
    const outcome = await sweep(options, alarm).catch((error: unknown) => {
      logger.warn({ err: error }, 'saga.sweep_failed');
      return 'away' as const;
    });
    if (outcome !== 'away') pause.reset();
    if (outcome !== 'more') await wait(outcome === 'done' ? intervalMs : pause.next(), signal);
  }
}

/** Starts one page. An outage of Temporal postpones the page without counting a refusal. */
async function sweep(
  { database, sagas, temporal, logger }: StartSweeperOptions,
  alarm: (failure: StartFailure) => void,
): Promise<'done' | 'more' | 'away'> {
  const page = await findUnstarted(database, PAGE);
  for (let first = 0; first < page.length; first += AT_A_TIME) {
    const together = page.slice(first, first + AT_A_TIME);
    const failures = await Promise.all(together.map((saga) => sagas.attempt(saga, START_DEADLINE_MS)));
    const started = together.filter((_, index) => failures[index] === undefined);
    const refused = together.flatMap((saga, index) => {
      const failure = failures[index];
      return failure ? [{ saga, reason: failure.reason.slice(0, MAX_REASON_LENGTH) }] : [];
    });
    const setup = failures.find((failure) => failure?.kind === 'setup');
    if (started.length > 0) {
      const sagaIds = started.map(({ saga_id }) => saga_id);
      await markStarted(database, sagaIds);
      logger.debug({ started: started.length }, 'saga.swept');
    } else if (setup) {
      alarm(setup);
      await noteWhyUnstarted(database, setup.reason.slice(0, MAX_REASON_LENGTH));
      return 'away';
    } else if (!(await answers(temporal))) {
      logger.debug({ reason: refused[0]?.reason }, 'saga.sweep_postponed');
      return 'away';
    }
    if (refused.length > 0) await postpone({ database, logger }, refused);
  }
  return page.length === PAGE ? 'more' : 'done';
}

const answers = (temporal: Pick<TemporalClient, 'ping'>): Promise<boolean> => succeeds(temporal.ping(PING_DEADLINE_MS));

function createAlarm(logger: Logger): (failure: StartFailure) => void {
  let last = { reason: '', at: -Infinity };
  return ({ reason, command }) => {
    const now = performance.now();
    if (reason === last.reason && now - last.at < REMIND_MS) return;
    last = { reason, at: now };
    logger.error({ reason, ...(command !== undefined && { command }) }, 'saga.starts_refused');
  };
}

/** Stores the refusals, and logs the first refusal of a saga. */
async function postpone(
  { database, logger }: Pick<StartSweeperOptions, 'database' | 'logger'>,
  refused: readonly { readonly saga: UnstartedSaga; readonly reason: string }[],
): Promise<void> {
  const postponed = refused.map(({ saga: { saga_id, start_attempts }, reason }): RefusedStart => ({
    saga_id,
    reason,
    wait_ms: createBackoff({
      initialMs: Math.min(1_000 * 2 ** start_attempts, MAX_WAIT_MS),
      maxMs: MAX_WAIT_MS,
    }).next(),
  }));
  await postponeStart(database, postponed);
  const firstRefused = refused.filter(({ saga }) => saga.start_attempts === 0);
  for (const { saga, reason } of firstRefused.slice(0, LOGGED_REFUSALS)) {
    logger.error({ saga_id: saga.saga_id, reason, refused_at_once: firstRefused.length }, 'saga.start_refused');
  }
}
