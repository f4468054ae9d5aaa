import { eventRegistry } from './application';
import type { KafkaHealth } from './kafka/client';
import { assertTopics } from './kafka/topics';
import type { Database } from './platform/database/database';
import { assertMigrated } from './platform/database/migrated';
import { assertNamespace } from './platform/temporal/namespace';
import type { TemporalClient } from './platform/temporal/temporal';

const DEADLINE_MS = 3_000;

/** The dependencies of the setup checks. */
export interface SetupCheckDeps {
  readonly database: Database;
  readonly kafka: KafkaHealth;
  readonly temporal: TemporalClient;
}

/**
 * The checks of what `paysaga setup` creates, by part. There is none of the Schedules, because the workers keep them in
 * place.
 */
export const setupChecks = {
  database: ({ database }: Pick<SetupCheckDeps, 'database'>) => assertMigrated(database),
  topics: async ({ kafka }: Pick<SetupCheckDeps, 'kafka'>) =>
    assertTopics(await kafka.topics(DEADLINE_MS), eventRegistry.topics),
  temporal: ({ temporal: { client, within } }: Pick<SetupCheckDeps, 'temporal'>) =>
    within(DEADLINE_MS, () => assertNamespace(client.connection, client.options.namespace)),
};
