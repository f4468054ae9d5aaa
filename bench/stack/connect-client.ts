import { Client } from 'pg';
import type { BenchStack } from './bench-stack';

/** A connection to the measurement's database, which ends with it. */
export async function connectClient({ databaseUrl, teardown }: BenchStack): Promise<Client> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  teardown.add(() => client.end());
  return client;
}
