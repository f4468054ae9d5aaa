import { Context } from '@temporalio/activity';
import type { RetentionReport } from '../src/contract';
import { deleteExpired } from '../src/retention/delete-expired';
import type { Mediator } from '../src/mediator/mediator';

/** What the deletion of expired rows needs. */
export interface RetentionActivitiesOptions {
  readonly mediator: Mediator;
  /** Rows per transaction. Defaults to 1,000. */
  readonly batchSize?: number;
}

/** Creates the activity of the `housekeeping` workflow. */
export const createRetentionActivities = ({ mediator, batchSize = 1_000 }: RetentionActivitiesOptions) => ({
  /**
   * Deletes expired rows batch by batch, until none is left or the activity is cancelled. Any number of them may run at
   * the same time, and a repeat is safe.
   */
  async deleteExpiredRows(): Promise<RetentionReport> {
    const context = Context.current();
    const deleteAll = async (table: keyof RetentionReport): Promise<number> => {
      let deleted = 0;
      for (let batch = batchSize; batch === batchSize && !context.cancellationSignal.aborted; deleted += batch) {
        batch = await mediator.send(deleteExpired({ table, limit: batchSize }));
        context.heartbeat();
      }
      return deleted;
    };
    return { idempotency_key: await deleteAll('idempotency_key'), dead_letter: await deleteAll('dead_letter') };
  },
});
