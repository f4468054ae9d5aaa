import { Context } from '@temporalio/activity';
import type { Duration } from '../src/platform/duration';
import type { UnpaidReport } from '../src/contract';
import type { Mediator } from '../src/mediator/mediator';
import { cancelUnpaidOrder } from '../src/orders/unpaid/cancel-unpaid-order';
import { findUnpaidOrders } from '../src/orders/unpaid/find-unpaid-orders';
import type { UnpaidOrder } from '../src/orders/unpaid/unpaid.sql';
import { isDatabaseOutage } from '../src/platform/database/database-error';

/** What the sweep over unpaid orders needs. */
export interface UnpaidOrderActivitiesOptions {
  readonly mediator: Mediator;
  readonly timeout: Duration;
  /** Orders found at a time; 1,000 unless told. */
  readonly batchSize?: number;
}

/** Creates the activity of the sweep over unpaid orders. */
export const createUnpaidOrderActivities = ({
  mediator,
  timeout,
  batchSize = 1_000,
}: UnpaidOrderActivitiesOptions) => ({
  /**
   * Cancels every order that was not paid in time, each in its own transaction. A failed cancellation, such as of a locked
   * row, is left to the next run. Any number of runs is safe, also at the same time.
   */
  async cancelUnpaidOrders(): Promise<UnpaidReport> {
    const context = Context.current();
    const timeout_ms = timeout.ms;
    const reason = `It was not paid within ${timeout.text}.`;
    const report = { cancelled: 0, failed: 0 };

    const cancel = async (order_id: string): Promise<void> => {
      try {
        if (await mediator.send(cancelUnpaidOrder({ order_id, timeout_ms, reason }))) report.cancelled += 1;
      } catch (error) {
        if (isDatabaseOutage(error)) throw error;
        report.failed += 1;
      }
    };

    for (let after: UnpaidOrder | undefined, more = true; more;) {
      const page: UnpaidOrder[] = await mediator.send(
        findUnpaidOrders({ timeout_ms, after: after ?? null, limit: batchSize }),
      );
      for (const { order_id } of page) {
        if (context.cancellationSignal.aborted) return report;
        await cancel(order_id);
        context.heartbeat();
      }
      after = page.at(-1);
      more = page.length === batchSize;
    }
    return report;
  },
});
