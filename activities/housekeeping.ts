import { Context } from '@temporalio/activity';
import type { HousekeepingReport } from '../src/contract';
import { deleteExpired } from '../src/housekeeping/delete-expired';
import type { Mediator } from '../src/mediator/mediator';

export interface HousekeepingActivitiesOptions {
  readonly mediator: Mediator;
  /** Rows per transaction; 1,000 unless told. */
  readonly batchSize?: number;
}

export const createHousekeepingActivities = ({ mediator, batchSize = 1_000 }: HousekeepingActivitiesOptions) => ({
  /**
   * Deletes what has expired, batch by batch. Told to stop, it leaves the rest to the next time: what is
   * deleted once is gone, so any number of them may run, and begin anew.
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
