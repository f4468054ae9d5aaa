import { Context } from '@temporalio/activity';
import type { Mediator } from '../src/cqrs/mediator';
import { cancelUnpaidOrder, findUnpaidOrders, type UnpaidOrder } from '../src/orders/unpaid-orders';
import type { ProviderChain } from '../src/payments/providers/provider';
import type { Duration } from '../src/platform/config-values';
import { isDatabaseOutage } from '../src/platform/database/database-error';
import type { Logger } from '../src/platform/logger';
import type { Discrepancy } from '../src/reconciliation/reconcile';
import {
  beginReconciliation,
  comparePage,
  copyCharges,
  finishReconciliation,
  forgetCopies,
  storableCharge,
} from '../src/reconciliation/run';
import { firstPage, type PageKey } from '../src/reconciliation/statements.sql';
import { deleteExpired } from '../src/retention/retention';
import type {
  ComparedStatement,
  ReconciliationRun,
  RetentionReport,
  StatementName,
  UnpaidReport,
} from '../src/temporal-contract';

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

/** What the reconciliation needs. */
export interface ReconciliationActivitiesOptions {
  readonly mediator: Mediator;
  readonly providers: Pick<ProviderChain, 'all' | 'named'>;
  readonly config: { readonly window: Duration; readonly grace: Duration };
  readonly logger: Logger;
  /** The number of rows per page. Defaults to 500. */
  readonly pageSize?: number;
}

/** Creates the activities of the reconciliation. Each is safe to repeat, and none moves money. */
export function createReconciliationActivities(options: ReconciliationActivitiesOptions) {
  const { mediator, providers, config, logger, pageSize = 500 } = options;

  const report = (discrepancies: readonly Discrepancy[]): void =>
    discrepancies.forEach((discrepancy) => logger.error({ ...discrepancy }, 'reconciliation.discrepancy_found'));

  return {
    /** Begins a run. Its providers are those of the configuration and those with recent charges. */
    async beginReconciliation(): Promise<ReconciliationRun> {
      const { window, grace } = config;
      const run = await mediator.send(beginReconciliation({ window_ms: window.ms, grace_ms: grace.ms }));
      return { ...run, providers: [...new Set([...providers.all.map(({ name }) => name), ...run.providers])] };
    },

    /**
     * Copies a provider's charges from a day before the window, which allows for a wrong clock of the provider. The
     * activity heartbeats with every page, even an empty one.
     */
    async copyProviderCharges({ run_id, since, provider }: ReconciliationRun & { provider: string }): Promise<number> {
      const from = new Date(Date.parse(since) - DAY_MS).toISOString();
      let copied = 0;
      for await (const charges of providers.named(provider).charges(from)) {
        if (charges.length > 0) {
          await mediator.send(copyCharges({ run_id, provider, charges: charges.map(storableCharge), last: false }));
        }
        copied += charges.length;
        Context.current().heartbeat();
      }
      await mediator.send(copyCharges({ run_id, provider, charges: [], last: true }));
      return copied;
    },

    /** Compares one statement, page by page, and reports new discrepancies. */
    async compareBook({ run_id, book }: { run_id: string; book: StatementName }): Promise<ComparedStatement> {
      const total = { compared: 0, differences: 0 };
      for (let after: PageKey | null = firstPage; after !== null;) {
        const page: Awaited<ReturnType<typeof send>> = await send(after);
        report(page.new_discrepancies);
        total.compared += page.compared;
        total.differences += page.differences;
        after = page.next;
        Context.current().heartbeat();
      }
      return total;

      function send(after: PageKey) {
        return mediator.send(comparePage({ run_id, book, after, limit: pageSize }));
      }
    },

    /** Ends the run, deletes its copied charges, and returns the number of resolved discrepancies. */
    async finishReconciliation({ run_id, unread }: { run_id: string; unread: readonly string[] }): Promise<number> {
      const { resolved, new_discrepancies } = await mediator.send(finishReconciliation({ run_id, unread }));
      report(new_discrepancies);
      const hasNews = new_discrepancies.length > 0 || resolved > 0 || unread.length > 0;
      logger[hasNews ? 'info' : 'debug']({ run_id, resolved, unread }, 'reconciliation.finished');
      while ((await mediator.send(forgetCopies({ limit: FORGET_BATCH }))) === FORGET_BATCH) {
        Context.current().heartbeat();
      }
      return resolved;
    },
  };
}

const DAY_MS = 86_400_000;
const FORGET_BATCH = 10_000;

/** What the sweep over unpaid orders needs. */
export interface UnpaidOrderActivitiesOptions {
  readonly mediator: Mediator;
  readonly timeout: Duration;
  /** The number of orders per page. Defaults to 1,000. */
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
