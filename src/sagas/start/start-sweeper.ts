import { createBackoff } from '../../platform/backoff';
import type { Database } from '../../platform/database/database';
import type { Logger } from '../../platform/telemetry/logger';
import { wait } from '../../platform/wait';
import type { SagaStarter } from './start-saga';
import { findUnstarted, markStarted } from './start-sweeper.sql';

export interface StartSweeperOptions {
  readonly database: Database;
  readonly sagas: Pick<SagaStarter, 'start'>;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** 1 s unless told. */
  readonly intervalMs?: number;
}

const BATCH = 50;

/**
 * Starts what was accepted but not started, until the signal aborts: every second, with a longer and
 * longer pause while Temporal or the database is away. Several workers may sweep at once: a saga
 * starts once, because its workflow id is its saga id.
 */
export async function runStartSweeper(options: StartSweeperOptions): Promise<void> {
  const { logger, signal, intervalMs = 1_000 } = options;
  const backoff = createBackoff({ initialMs: intervalMs, maxMs: 15_000 });
  while (!signal.aborted) {
    const outcome = await sweep(options).catch((error: unknown) => {
      logger.warn({ err: error }, 'saga.sweep_failed');
      return 'failed' as const;
    });
    if (outcome === 'more') continue;
    if (outcome === 'done') backoff.reset();
    await wait(outcome === 'done' ? intervalMs : backoff.next(), signal);
  }
}

/** Stops at the first saga that could not be started: then Temporal is away for the others, too. */
async function sweep({ database, sagas, logger }: StartSweeperOptions): Promise<'done' | 'more' | 'failed'> {
  const unstarted = await findUnstarted(database, BATCH);
  const started: string[] = [];
  for (const saga of unstarted) {
    if (!(await sagas.start(saga))) break;
    started.push(saga.saga_id);
  }
  if (started.length > 0) {
    await markStarted(database, started);
    logger.info({ started: started.length }, 'saga.swept');
  }
  if (started.length < unstarted.length) return 'failed';
  return unstarted.length === BATCH ? 'more' : 'done';
}
