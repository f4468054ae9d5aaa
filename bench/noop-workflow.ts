import { proxyActivities } from '@temporalio/workflow';
import type { NoopActivities } from './noop-worker';

const { first, second, third } = proxyActivities<NoopActivities>({ startToCloseTimeout: '5s' });

/** As many activities as the payment saga has, one after the other. */
export async function noop(): Promise<void> {
  await first();
  await second();
  await third();
}
