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

export interface StartSweeperOptions {
  readonly database: Database;
  readonly sagas: Pick<SagaStarter, 'attempt'>;
  /** Says whether a start failed because Temporal is away, or because of the saga. */
  readonly temporal: Pick<TemporalClient, 'ping'>;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** 1 s by default. */
  readonly intervalMs?: number;
}

const PAGE = 50;
/** Starts at a time: one that hangs until its deadline holds the others up no longer than that. */
const AT_A_TIME = 5;
const START_DEADLINE_MS = 2_000;
const PING_DEADLINE_MS = 1_000;
const MAX_PAUSE_MS = 5_000;
const MAX_WAIT_MS = 60_000;
const MAX_REASON_LENGTH = 300;
/** Of those asked at a time; the others are in their rows. */
const LOGGED_REFUSALS = 2;
/** What keeps all sagas from starting is logged at once, and again after this long. */
const REMIND_MS = 30_000;

/**
 * Starts what was accepted but not started, until the signal aborts: every second, with a longer pause while Temporal
 * or the database is away. A saga that Temporal refuses waits by itself, longer each time, and holds no other. Where
 * Temporal takes none until somebody mends it, that is logged with the command, and noted with the sagas.
 * Several workers may sweep at once: a saga starts once, because its workflow id is its saga id.
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

/** A page of them. While Temporal is away no saga is to blame, and the rest of the page waits, too. */
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
      logger.debug({ reason: refused[0]?.reason }, 'saga.sweep_waits');
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

/** Told once per saga: its row keeps the reason, and how often it was. */
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
  const fresh = refused.filter(({ saga }) => saga.start_attempts === 0);
  for (const { saga, reason } of fresh.slice(0, LOGGED_REFUSALS)) {
    logger.error({ saga_id: saga.saga_id, reason, refused_at_once: fresh.length }, 'saga.start_refused');
  }
}
