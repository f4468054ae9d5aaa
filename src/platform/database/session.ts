import type { ClientConfig } from 'pg';
import { readDatabaseUrl } from './database-url';

/** Settings of a session by name, as PostgreSQL writes them. */
export type SessionSettings = Readonly<Record<string, string>>;

/** The options of {@link sessionConfig}. */
export interface SessionOptions {
  readonly url: string;
  readonly applicationName: string;
  /** Settings in addition to those of every session. */
  readonly settings?: SessionSettings;
  /**
   * Connects through a pooler that shares connections. It takes no start-up options, so the settings must be the
   * user's.
   */
  readonly pooled?: boolean;
}

/**
 * The settings that statements and results depend on. A server, database or role may have other defaults. The driver
 * drops the offset of a time that is not in UTC.
 */
const EVERY_SESSION: SessionSettings = {
  TimeZone: 'UTC',
  DateStyle: 'ISO, YMD',
  IntervalStyle: 'postgres',
  client_encoding: 'UTF8',
  default_transaction_isolation: 'read committed',
  default_transaction_deferrable: 'off',
  standard_conforming_strings: 'on',
  bytea_output: 'hex',
  extra_float_digits: '1',
  xmloption: 'content',
};

/**
 * Timeouts of PostgreSQL. They are shorter than the connection's, and those are shorter than Prisma's. Prisma's are not
 * atomic: a statement can still commit after one.
 */
export const TIMEOUTS: SessionSettings = {
  statement_timeout: '5s',
  // The longest wait of a command for a row. Its caller retries it.
  lock_timeout: '2s',
  idle_in_transaction_session_timeout: '15s',
};

/** Returns the settings that the statements of a process depend on. */
export const poolSettings = (schema: string): SessionSettings => ({
  ...EVERY_SESSION,
  search_path: schema,
  ...TIMEOUTS,
});

/**
 * Returns a connection's configuration with pinned settings. They are start-up options: they cost no statement and
 * survive `RESET ALL`. They override the URL's, because the last option of a name counts.
 */
export function sessionConfig({ url, applicationName, settings, pooled }: SessionOptions): ClientConfig {
  const { connectionString, options, schema } = readDatabaseUrl(url);
  if (pooled) return { connectionString, application_name: applicationName };
  const pinned = Object.entries({ ...EVERY_SESSION, search_path: schema, ...settings }).map(startUpOption);
  return {
    connectionString,
    application_name: applicationName,
    options: [options, ...pinned].filter(Boolean).join(' '),
  };
}

const startUpOption = ([name, value]: readonly [string, string]): string =>
  `-c ${name}=${value.replace(/[\\ ]/g, '\\$&')}`;

/** Returns SQL for a time as RFC 3339 in UTC with milliseconds. It does not depend on the session's settings. */
export const rfc3339 = (time: string): string => `to_char(${time} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
