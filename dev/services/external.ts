import { Client } from 'pg';
import { Problem } from '../os/problem';
import { stage, type Log } from '../os/progress';
import { assertAnswers } from '../os/wait';

/** `MERGE`-era and older servers lack what the migrations use. */
const OLDEST_POSTGRES = 15;

/** @returns the URL, once a server that is new enough has answered there; @throws Problem otherwise */
export async function externalPostgres(url: string, log: Log): Promise<string> {
  await stage(log, 'PostgreSQL, by DATABASE_URL', () => assertUsable(url));
  return url;
}

/** @returns the brokers, once the first of them has answered; @throws Problem otherwise */
export async function externalKafka(brokers: string, log: Log): Promise<string> {
  const first = brokers.split(',')[0]?.trim() ?? '';
  await stage(log, 'Kafka, by KAFKA_BROKERS', () => assertAnswers('KAFKA_BROKERS', first));
  return brokers;
}

/** @returns the address, once it has answered; @throws Problem otherwise */
export async function externalTemporal(address: string, log: Log): Promise<string> {
  await stage(log, 'Temporal, by TEMPORAL_ADDRESS', () => assertAnswers('TEMPORAL_ADDRESS', address));
  return address;
}

async function assertUsable(connectionString: string): Promise<void> {
  const client = new Client({ connectionString, connectionTimeoutMillis: 5000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ version: number }>(
      `SELECT current_setting('server_version_num')::int / 10000 AS version`,
    );
    const version = rows[0]?.version ?? 0;
    if (version < OLDEST_POSTGRES)
      throw new Problem(
        `DATABASE_URL names a PostgreSQL ${version}, paysaga needs ${OLDEST_POSTGRES} or newer: unset DATABASE_URL to let the stack make one.`,
      );
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem(
      `DATABASE_URL names a database that cannot be used (${reasonOf(error)}): start it, or unset DATABASE_URL to let the stack make one.`,
    );
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Several addresses tried are one error without a text, holding one with a text for each. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}
