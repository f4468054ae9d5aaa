import { eventually } from '../../testing/eventually';
import type { HealthView } from '../../testing/shop';
import type { E2eStack } from './e2e-stack';

type Check = keyof HealthView['checks'];

/** Waits until readiness answers this status, and the check of that service says this. */
export const untilReady = (stack: E2eStack, status: 200 | 503, check: Check, says: string): Promise<void> =>
  eventually(
    async () => {
      const answer = await stack.nobody.call<HealthView>('GET', '/health/ready', { timeoutMs: 5_000 });
      expect([answer.status, answer.body.checks[check]]).toEqual([status, expect.objectContaining({ status: says })]);
    },
    { deadlineMs: 45_000, everyMs: 200 },
  );

/** Kills all three processes, which start again by themselves, and waits until the API answers. */
export async function restartAll({ processes, nobody }: E2eStack): Promise<void> {
  await Promise.all((['api', 'worker', 'consumer'] as const).map((name) => processes.kill(name)));
  await nobody.callUntilAnswered('GET', '/health/live', { deadlineMs: 30_000 });
}

/** The middle of some durations, in ms. */
export function medianOf(durations: readonly number[]): number {
  return durations.toSorted((one, other) => one - other)[Math.floor(durations.length / 2)] ?? Number.NaN;
}
