import { escapeIdentifier, escapeLiteral } from 'pg';
import type { Logger } from '../logger';
import { wait } from '../timing';
import { withConnection } from './connection';
import { isDatabaseOutage, sqlState } from './database-error';
import { readDatabaseUrl } from './database-url';
import { poolSettings, sessionConfig, type SessionSettings } from './session';

/** The options of {@link assertPooledSettings}. */
export interface PooledSettingsOptions {
  /** The database's URL through the pooler. */
  readonly url: string;
  readonly pooled: boolean;
  readonly logger: Logger;
  /** Ends the process with an error. */
  readonly fail: (error: unknown) => void;
  readonly signal: AbortSignal;
}

/** A database user lacks settings that the service needs. The message has the statements that set them. */
export class SettingsMissing extends Error {
  override readonly name = 'SettingsMissing';
}

const INSUFFICIENT_PRIVILEGE = '42501';
const RETRY_MS = 1_000;

/**
 * Checks the session settings behind a pooler. A pooler takes no start-up options, so `ALTER ROLE … SET` gives them to
 * the user, as `paysaga setup database` does. While the database is away, the check goes on in the background.
 *
 * @throws SettingsMissing when the settings differ
 */
export async function assertPooledSettings({
  url,
  pooled,
  logger,
  fail,
  signal,
}: PooledSettingsOptions): Promise<void> {
  if (!pooled) return;
  try {
    await compareSettings(url);
  } catch (error) {
    if (!isDatabaseOutage(error)) throw error;
    logger.warn({ reason: (error as Error).message }, 'database.settings_unknown');
    void wait(RETRY_MS, signal)
      .then(() => (signal.aborted ? undefined : assertPooledSettings({ url, pooled, logger, fail, signal })))
      .catch(fail);
  }
}

async function compareSettings(url: string): Promise<void> {
  const settings = Object.entries(poolSettings(readDatabaseUrl(url).schema));
  const wrong = await withConnection(
    sessionConfig({ url, applicationName: 'paysaga-settings', pooled: true }),
    async (client) => {
      // Sets the value for this statement alone, to read it as PostgreSQL writes it.
      const { rows } = await client.query<Setting>(
        `WITH actual AS MATERIALIZED (
         SELECT name, wanted, current_setting(name) AS value, current_user AS "user", current_database() AS database
         FROM unnest($1::text[], $2::text[]) AS setting (name, wanted))
       SELECT *, set_config(name, wanted, true) AS expected FROM actual`,
        [settings.map(([name]) => name), settings.map(([, value]) => value)],
      );
      return rows.filter(({ value, expected }) => value !== expected);
    },
  );
  const [first] = wrong;
  if (!first) return;
  const found = wrong.map(({ name, value, expected }) => `${name} is ${value}, not ${expected}`).join('; ');
  throw new SettingsMissing(
    `Behind the pooler, the settings of ${first.user} are not what paysaga needs: ${found}. Run \`paysaga setup database\`, or as ` +
      `${first.user} itself:\n${settingStatements(first, Object.fromEntries(settings)).join('\n')}\n` +
      "and then let the pooler make its server connections anew (PgBouncer's RECONNECT).",
  );
}

interface UserIn {
  readonly user: string;
  readonly database: string;
}

interface Setting extends UserIn {
  readonly name: string;
  readonly value: string;
  readonly expected: string;
}

/** Returns the statements that give a user these settings in a database. */
const settingStatements = ({ user, database }: UserIn, settings: SessionSettings): string[] =>
  Object.entries(settings).map(
    ([name, value]) =>
      `ALTER ROLE ${escapeIdentifier(user)} IN DATABASE ${escapeIdentifier(database)} SET ${name} = ${escapeLiteral(value)};`,
  );

/**
 * Gives every member of these roles the session settings of the processes, in this database.
 *
 * @param databaseUrl past the pooler
 * @returns the names of the users
 * @throws SettingsMissing for users whom the current user may not change
 */
export async function applySettings(databaseUrl: string, roles: readonly string[]): Promise<string[]> {
  const settings = poolSettings(readDatabaseUrl(databaseUrl).schema);
  return withConnection(sessionConfig({ url: databaseUrl, applicationName: 'paysaga-roles' }), async (client) => {
    const { rows: users } = await client.query<UserIn>(
      `SELECT rolname AS "user", current_database() AS database FROM pg_roles
       WHERE rolcanlogin AND NOT rolsuper
         AND EXISTS (SELECT FROM pg_roles AS role WHERE role.rolname = ANY ($1) AND pg_has_role(pg_roles.oid, role.oid, 'MEMBER'))
       ORDER BY 1`,
      [roles],
    );
    const refused: string[] = [];
    for (const user of users) {
      const statements = settingStatements(user, settings);
      try {
        await client.query(statements.join('\n'));
      } catch (error) {
        if (sqlState(error) !== INSUFFICIENT_PRIVILEGE) throw error;
        refused.push(...statements);
      }
    }
    if (refused.length === 0) return users.map(({ user }) => user);
    throw new SettingsMissing(`Only a superuser, or each user for itself, can run:\n${refused.join('\n')}`);
  });
}
