import { Client } from 'pg';
import { sessionConfig } from '../../src/platform/database/session';

/** One more connection, for a transaction that stays open beside others. */
export interface OpenConnection {
  query<Row>(sql: string, ...values: unknown[]): Promise<Row[]>;
  end(): Promise<void>;
}

/** Connects at once. End it, or its database cannot be dropped in good order. */
export async function openConnection(url: string): Promise<OpenConnection> {
  const client = new Client(sessionConfig({ url, applicationName: 'paysaga-test-look' }));
  await client.connect();
  return {
    query: async <Row>(sql: string, ...values: unknown[]) => (await client.query(sql, values)).rows as Row[],
    end: () => client.end(),
  };
}
