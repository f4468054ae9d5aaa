import { Context } from '@temporalio/activity';
import type { Duration } from '../src/platform/duration';
import type { StatementName, ComparedStatement, ReconciliationRun } from '../src/contract';
import type { Mediator } from '../src/mediator/mediator';
import type { ProviderChain } from '../src/payments/provider/provider-chain';
import type { Logger } from '../src/platform/telemetry/logger';
import { beginReconciliation } from '../src/reconciliation/begin-reconciliation';
import { firstPage, type PageKey } from '../src/reconciliation/books/books.sql';
import { comparePage } from '../src/reconciliation/compare-page';
import { copyCharges } from '../src/reconciliation/copy-charges';
import type { Discrepancy } from '../src/reconciliation/difference';
import { finishReconciliation, forgetCopies } from '../src/reconciliation/finish-reconciliation';
import { storableCharge } from '../src/reconciliation/storable-charge';

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
