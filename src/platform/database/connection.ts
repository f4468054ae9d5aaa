import {
  Client,
  type ClientConfig,
  Pool,
  type PoolClient,
  type PoolConfig,
  type QueryConfig,
  type QueryResult,
} from 'pg';
import { wait } from '../timing';
import { isConnectionUnfit, isPlanOutOfDate } from './database-error';
import { TAKES_LONGER } from './statements';

/** For a new connection, and for a free one of the pool. */
export const CONNECT_TIMEOUT_MS = 5_000;
/** Above the server's own time-outs of a statement: it would have answered by then, if only with an error. */
const ANSWER_TIMEOUT_MS = 6_500;
const LONGER_ANSWER_TIMEOUT_MS = 13_500;
/** How long a goodbye may take. A silent peer never answers it. */
const END_TIMEOUT_MS = 1_000;
const WATCH_INTERVAL_MS = 3_000;

/**
 * A connection to PostgreSQL that gives up a silent server, and ends itself when it has become unfit: silent,
 * broken, read-only, shut down, or with plans that are out of date. What is asked of it after that fails at once.
 * Emits `unfit` once.
 */
export class Connection extends Client {
  private ended: Promise<void> | undefined;
  private unfit = false;

  constructor(config: ClientConfig = {}) {
    super({
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      query_timeout: ANSWER_TIMEOUT_MS,
      ...config,
    });
    // Without a listener, a lost connection would end the process. Its statements fail, and `end` follows.
    this.on('error', () => undefined);
    const ask = super.query.bind(this) as (...args: unknown[]) => unknown;
    Object.assign(this, {
      query: (first: unknown, ...others: unknown[]): unknown => {
        const answer = ask(
          takesLonger(first) ? { ...first, query_timeout: LONGER_ANSWER_TIMEOUT_MS } : first,
          ...others,
        );
        if (answer instanceof Promise) answer.catch((error: unknown) => this.judge(error));
        return answer;
      },
    });
  }

  override end(): Promise<void>;
  override end(callback: (error: Error) => void): void;
  override end(callback?: (error: Error) => void): Promise<void> | void {
    this.ended ??= this.endWithin(END_TIMEOUT_MS);
    if (!callback) return this.ended;
    const done = callback as () => void;
    void this.ended.then(done, done);
  }

  private async endWithin(ms: number): Promise<void> {
    const timer = setTimeout(() => this.connection.stream.destroy(), ms);
    await super.end().finally(() => clearTimeout(timer));
  }

  private judge(error: unknown): void {
    if (this.unfit || !isConnectionUnfit(error)) return;
    this.unfit = true;
    this.emit('unfit');
    void this.end();
  }
}

/** Asks a connection all the while whether it is still there: one that listens, or holds a lock, would not notice. */
export async function watch(connection: Client, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    await wait(WATCH_INTERVAL_MS, over);
    if (!over.aborted) await connection.query('SELECT 1').catch(() => undefined);
  }
}

const takesLonger = (query: unknown): query is { text: string } =>
  typeof query === 'object' &&
  query !== null &&
  'text' in query &&
  typeof query.text === 'string' &&
  query.text.startsWith(TAKES_LONGER);

/** Does work on a connection that is opened for it and closed after it. @throws what the work or the connection throws */
export async function withConnection<T>(
  config: ClientConfig,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = new Connection(config);
  try {
    await connection.connect();
    return await work(connection);
  } finally {
    await connection.end().catch(() => undefined);
  }
}

/** Does work in one transaction of a connection, which is rolled back when the work fails. @throws what the work throws */
export async function inOneTransaction<T>(client: Client, work: () => Promise<T>): Promise<T> {
  await client.query('BEGIN');
  try {
    const result = await work();
    await client.query('COMMIT');
    return result;
  } catch (error) {
    // A connection that is lost has rolled it back already.
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

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
