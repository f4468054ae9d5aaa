import type { Mediator } from '../../mediator/mediator';
import { createBackoff } from '../../platform/backoff';
import type { Logger } from '../../platform/telemetry/logger';
import { wait } from '../../platform/wait';
import { continueReplay } from './continue-replay';

export interface RunReplaysOptions {
  readonly mediator: Mediator;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** 500 ms unless told. */
  readonly intervalMs?: number;
}

/**
 * Writes ordered replays into the outbox until the signal aborts. Where a replay stands is in the database: when
 * this process dies, another one goes on there.
 */
export async function runReplays({ mediator, logger, signal, intervalMs = 500 }: RunReplaysOptions): Promise<void> {
  const backoff = createBackoff({ initialMs: intervalMs, maxMs: 15_000 });
  while (!signal.aborted) {
    try {
      const outcome = await mediator.send(continueReplay({}));
      backoff.reset();
      if (outcome === 'none') await wait(intervalMs, signal);
    } catch (error) {
      const wait_ms = backoff.next();
      logger.warn({ err: error, wait_ms }, 'outbox.replay_waits');
      await wait(wait_ms, signal);
    }
  }
}
