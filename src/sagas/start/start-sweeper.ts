import { createBackoff } from '../../platform/backoff';
import type { Database } from '../../platform/database/database';
import type { Logger } from '../../platform/telemetry/logger';
import type { TemporalClient } from '../../platform/temporal/temporal';
import { succeeds, wait } from '../../platform/wait';
import type { SagaStarter } from './start-saga';
import type { StartFailure } from './start-failure';
import {
  findUnstarted,
  markStarted,
  noteWhyUnstarted,
  postponeStart,
  type RefusedStart,
  type UnstartedSaga,
} from './start-sweeper.sql';

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
