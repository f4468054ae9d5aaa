import type { PaymentSagaResult } from '../contract';
import { Refusal } from '../platform/refusal';
import type { SagaOutcome } from './saga-outcome';
import type { SagaStarter } from '../sagas/start/start-saga';

const DEFAULT_WAIT_MS = 10_000;
const MAX_WAIT_MS = 30_000;
/** The limits of the time to start. In a burst, a longer wait ends sooner than a start by the sweeper. */
const MIN_START_MS = 500;
const MAX_START_MS = 2_000;

/** Reads `Prefer: wait=N` (RFC 7240, section 4.3), in ms. Defaults to 10 s, at most 30 s. */
export function preferredWaitMs(prefer: string | undefined): number {
  const seconds = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,6})"?/i.exec(prefer ?? '')?.[1];
  return seconds === undefined ? DEFAULT_WAIT_MS : Math.min(Number(seconds) * 1_000, MAX_WAIT_MS);
}

/**
 * Starts the payment's saga and waits for its end. Returns `undefined` if the saga still runs or Temporal does not answer;
 * the sweeper then starts it.
 *
 * @throws Refusal `saga_compensated`
 */
export async function settledPayment(
  accepted: SagaOutcome,
  sagas: SagaStarter,
  waitMs: number,
): Promise<PaymentSagaResult | undefined> {
  if (accepted.state === 'completed') return accepted.result;
  const { saga_id } = accepted;
  if (accepted.state === 'compensated') throw sagaCompensated(saga_id, accepted.failed_step, accepted.detail);

  const until = performance.now() + waitMs;
  const startMs = Math.min(Math.max(waitMs / 2, MIN_START_MS), MAX_START_MS);
  await sagas.start({ saga_id, type: 'payment', input: accepted.input }, startMs);
  const outcome = await sagas.result(saga_id, until - performance.now());
  if (outcome.state === 'completed') return outcome.result;
  if (outcome.state === 'compensated')
    throw sagaCompensated(saga_id, outcome.failure.failed_step, outcome.failure.detail);
  return undefined;
}

const sagaCompensated = (saga_id: string, failed_step: string, cause: string): Refusal =>
  new Refusal('saga_compensated', `The payment failed at ${failed_step} and was undone: ${cause}`, {
    saga_id,
    failed_step,
  });
