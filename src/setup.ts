import { eventRegistry } from './application';
import type { Message } from './cqrs/message';
import { newCredentials } from './http/api-keys';
import { putDemoCatalogue } from './inventory/demo-catalogue';
import { connectKafka } from './kafka/client';
import type { KafkaConfig } from './kafka/kafka-config';
import { createTopics, findTopicDifferences } from './kafka/topics';
import { createKey, listKeys } from './keys/keys';
import type { DatabaseConfig } from './platform/database/database-config';
import { applyMigrations } from './platform/database/migrate';
import { applySettings } from './platform/database/pooled-settings';
import { applyRoles, RolesMissing } from './platform/database/roles';
import { ensureScheduled } from './platform/temporal/keep-scheduled';
import { grpcCode, grpcCodes, prepareNamespace, SETUP_TEMPORAL } from './platform/temporal/namespace';
import { connectTemporalClient, type TemporalClient } from './platform/temporal/temporal';
import type { TemporalConfig } from './platform/temporal/temporal-config';
import { wait } from './platform/timing';
import { SetupMissing } from './platform/watch-setup';
import { processGrants } from './process-grants';
import { type ScheduleConfig, schedulesOf } from './schedules';

/** Prints one line: what was done, or a warning. */
export type Say = (line: string) => void;

/** The time limit for calls to Temporal, which may answer slowly just after a namespace was created. */
const DEADLINE_MS = 120_000;
/** The time for which a server may not yet know a new namespace. */
const KNOWN_WITHIN_MS = 30_000;
const LOOK_MS = 500;

/**
 * Brings a database to this version: migrations, roles with their privileges and, behind a pooler, the users' settings.
 * Safe to repeat and to run several times at once.
 *
 * @param config of the owner of the tables, past a pooler
 * @returns whether the roles exist; if this user may not create them, a line says who can
 * @throws Error when a migration fails
 * @throws SettingsMissing for users whom this user may not change
 */
export async function setUpDatabase(
  { directUrl: databaseUrl, pooled }: Pick<DatabaseConfig, 'directUrl' | 'pooled'>,
  say: Say,
): Promise<{ readonly roles: boolean }> {
  const applied = await applyMigrations({ databaseUrl });
  say(applied.length === 0 ? 'The database is up to date.' : `Applied ${applied.join(', ')}.`);
  try {
    const made = await applyRoles({ databaseUrl, grants: processGrants });
    say(`${made.length === 0 ? 'The roles are there' : `Made ${made.join(', ')}`}; each has its privileges.`);
  } catch (error) {
    // Without the roles, the processes connect as the owner of the tables.
    if (!(error instanceof RolesMissing)) throw error;
    say(error.message);
    return { roles: false };
  }
  if (pooled) await setUpPooledUsers(databaseUrl, say);
  return { roles: true };
}

async function setUpPooledUsers(databaseUrl: string, say: Say): Promise<void> {
  const users = await applySettings(databaseUrl, processGrants.roles);
  say(
    users.length === 0
      ? 'No user is a member of a role yet: make them, and run `paysaga setup database` again.'
      : `Set what their sessions need, for ${users.join(', ')}.`,
  );
}

/**
 * Creates the missing Kafka topics, and warns about differences of existing ones. Safe to repeat.
 *
 * @throws Error when the broker does not answer
 */
export async function setUpTopics(config: KafkaConfig, say: Say): Promise<void> {
  const { topics } = eventRegistry;
  const options = { kafka: connectKafka({ config }), topics, config: config.topics };
  const made = await createTopics(options);
  say(made.length === 0 ? `All ${topics.length} topics are there.` : `Made ${made.join(', ')}.`);
  for (const { topic, setting, value, wanted } of await findTopicDifferences(options)) {
    say(`Warning: topic ${topic} has ${setting} ${value}, not ${wanted}.`);
  }
}

/**
 * Creates the missing Temporal namespace and search attributes. Safe to repeat.
 *
 * @throws SetupMissing when something is missing that these credentials may not create
 */
export const setUpTemporal = (config: TemporalConfig, say: Say): Promise<void> =>
  withTemporal(config, async ({ client, within }) => {
    const { namespace } = config;
    const { registered, attributes } = await within(DEADLINE_MS, () => prepareNamespace(client.connection, namespace));
    const are = attributes.length === 0 ? 'all search attributes are there' : `made ${attributes.join(', ')}`;
    say(`${registered ? `Made the namespace ${namespace}` : `The namespace ${namespace} is there`}; ${are}.`);
  });

/**
 * Creates the missing Temporal Schedules, and sets the interval of each. Safe to repeat.
 *
 * @throws SetupMissing when the namespace is missing
 */
export const setUpSchedules = (temporal: TemporalConfig, config: ScheduleConfig, say: Say): Promise<void> =>
  withTemporal(temporal, async (connected) => {
    const made: string[] = [];
    const schedules = schedulesOf(config);
    for (const scheduled of schedules) {
      const outcome = await inKnownNamespace(temporal.namespace, () =>
        ensureScheduled({ temporal: connected, scheduled }),
      );
      if (outcome === 'created') made.push(scheduled.id);
    }
    say(made.length === 0 ? `All ${schedules.length} schedules are there.` : `Made the schedules ${made.join(', ')}.`);
  });

/**
 * Creates the demo catalogue and, in a database without keys, prints a first operator's key. Safe to repeat.
 *
 * @param send sends messages as an operator
 */
export async function setUpDemo(send: <Result>(message: Message<Result>) => Promise<Result>, say: Say): Promise<void> {
  const made = await putDemoCatalogue(send);
  say(made.length === 0 ? 'The demo catalogue is there.' : `Made the products ${made.join(', ')}.`);
  const { data: keys } = await send(listKeys({ limit: 1 }));
  if (keys.length > 0) return say('There is a key already; `paysaga keys create` makes more.');
  const { keyId, key, hash } = newCredentials();
  await send(createKey({ key_id: keyId, hash, role: 'operator', reason: 'The demo.' }));
  say(`An operator's key, shown this once: ${key}`);
}

async function inKnownNamespace<T>(namespace: string, work: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + KNOWN_WITHIN_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (grpcCode(error) !== grpcCodes.NOT_FOUND) throw error;
      if (performance.now() > deadline)
        throw new SetupMissing(`Temporal has no namespace ${namespace}`, SETUP_TEMPORAL);
      await wait(LOOK_MS);
    }
  }
}

async function withTemporal(config: TemporalConfig, work: (temporal: TemporalClient) => Promise<void>): Promise<void> {
  const temporal = connectTemporalClient({ config });
  try {
    await work(temporal);
  } finally {
    await temporal.close();
  }
}
