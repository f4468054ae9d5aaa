import { Context } from '@temporalio/activity';
import type { HousekeepingReport } from '../src/contract';
import { deleteExpired } from '../src/housekeeping/delete-expired';
import type { Mediator } from '../src/mediator/mediator';

/** What the housekeeping needs. */
export interface HousekeepingActivitiesOptions {
  readonly mediator: Mediator;
  /** The number of rows per transaction. Defaults to 1,000. */
  readonly batchSize?: number;
}

/** Creates the activity of the housekeeping. */
export const createHousekeepingActivities = ({ mediator, batchSize = 1_000 }: HousekeepingActivitiesOptions) => ({
  /**
   * Deletes expired rows in batches until it is cancelled. A later run deletes the rest, so any number of runs is safe,
   * also at the same time.
   */
  async deleteExpiredRows(): Promise<HousekeepingReport> {
    const context = Context.current();
    const deleteAll = async (table: keyof HousekeepingReport): Promise<number> => {
      let deleted = 0;
      for (let batch = batchSize; batch === batchSize && !context.cancellationSignal.aborted; deleted += batch) {
        batch = await mediator.send(deleteExpired({ table, limit: batchSize }));
        context.heartbeat();
      }
      return deleted;
    };
    return { inbox: await deleteAll('inbox'), dead_letter: await deleteAll('dead_letter') };
  },
});
