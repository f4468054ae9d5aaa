import { Pool, type PoolClient, type PoolConfig, type QueryConfig, type QueryResult } from 'pg';
import { Connection, CONNECT_TIMEOUT_MS } from './connection';
import { isPlanOutOfDate } from './database-error';

/** How the driver's callers of old are told of a connection. */
export type OnConnect = (
  error: Error | undefined,
  client: PoolClient | undefined,
  done: (release?: unknown) => void,
) => void;

/**
 * A pool whose connections leave it when they are unfit (see {@link Connection}), and with each of them all that
 * are as old: what made one unfit (a proxy that froze, a failover, a migration) met the others too.
 */
export class ConnectionPool extends Pool {
  private generation = 0;
  private readonly generations = new WeakMap<PoolClient, number>();

  constructor(config: PoolConfig) {
    super({ connectionTimeoutMillis: CONNECT_TIMEOUT_MS, ...config, Client: Connection } as PoolConfig);
    this.on('connect', (client) => {
      const { generation } = this;
      this.generations.set(client, generation);
      client.once('unfit', () => (this.generation = Math.max(this.generation, generation + 1)));
    });
  }

  override connect(): Promise<PoolClient>;
  override connect(callback: OnConnect): void;
  override connect(callback?: OnConnect): Promise<PoolClient> | void {
    if (!callback) return this.take();
    this.take().then(
      (client) => callback(undefined, client, (error) => client.release(error as Error | boolean | undefined)),
      (error: unknown) => callback(error as Error, undefined, () => undefined),
    );
  }

  private async take(): Promise<PoolClient> {
    for (;;) {
      const client = await super.connect();
      if ((this.generations.get(client) ?? 0) >= this.generation) return client;
      client.release(true);
    }
  }

  /** Unlike its parent's, it keeps the connection of a statement that was refused, and asks once more where a plan was out of date. */
  private async ask(query: QueryConfig, values?: unknown[]): Promise<QueryResult> {
    try {
      return await this.askOnce(query, values);
    } catch (error) {
      if (!isPlanOutOfDate(error)) throw error;
      return this.askOnce(query, values);
    }
  }

  private async askOnce(query: QueryConfig, values?: unknown[]): Promise<QueryResult> {
    const client = await this.connect();
    try {
      return await client.query(query, values);
    } finally {
      client.release();
    }
  }

  override query = ((query: QueryConfig, values?: unknown[]) => this.ask(query, values)) as Pool['query'];
}
