import type { ClientConfig } from 'pg';
import { readDatabaseUrl } from './database-url';

/** Settings of a session by name, as Postgres writes them. */
export type SessionSettings = Readonly<Record<string, string>>;

export interface SessionOptions {
  readonly url: string;
  readonly applicationName: string;
  /** Beside those that every session has. */
  readonly settings?: SessionSettings;
  /** Through a pooler that shares connections: it takes no start-up options, so the settings have to be the user's. */
  readonly pooled?: boolean;
}

/**
 * What our statements and answers depend on. A server, a database or a role may have other defaults; the driver
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
 * Postgres's own time-outs stay below the connection's, and those below Prisma's, because Prisma's are not
 * atomic: a statement can still commit after Prisma reported the time-out.
 */
export const TIMEOUTS: SessionSettings = {
  statement_timeout: '5s',
  // How long a command queues for a row before it gives up, to be tried again.
  lock_timeout: '2s',
  idle_in_transaction_session_timeout: '15s',
};

/** All that the statements of a process depend on. */
export const poolSettings = (schema: string): SessionSettings => ({
  ...EVERY_SESSION,
  search_path: schema,
  ...TIMEOUTS,
});

/**
 * How to connect with the settings pinned. They are start-up options, so they cost no statement and survive
 * `RESET ALL`; the last one of a name counts, so ours do.
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

/** SQL for a time as RFC 3339 in UTC with milliseconds, whatever the session's zone and format. */
export const rfc3339 = (time: string): string => `to_char(${time} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
