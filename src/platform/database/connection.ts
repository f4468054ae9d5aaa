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

/** The time limit for a new connection, and for a free one of the pool, in ms. */
export const CONNECT_TIMEOUT_MS = 5_000;
/** Longer than the server's own timeouts of a statement, so that a server that works has answered by then. */
const ANSWER_TIMEOUT_MS = 6_500;
const LONGER_ANSWER_TIMEOUT_MS = 13_500;
/** The time limit for an orderly close. A silent peer never answers it. */
const END_TIMEOUT_MS = 1_000;
const WATCH_INTERVAL_MS = 3_000;

/**
 * A connection to PostgreSQL that fails when the server is silent, and ends when it has become unfit: silent, broken,
 * read-only, shut down, or with outdated plans. Later statements on it fail at once. Emits `unfit` once.
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
    // Without a listener, a lost connection would end the process. Its statements fail, and the event `end` follows.
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

/**
 * Probes an idle connection until the signal aborts. A connection that listens or holds a lock would not notice its
 * loss.
 */
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

/** Opens a connection, runs work on it and closes it. @throws the error of the work or of the connection */
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

/** Runs work in one transaction of a connection, and rolls back when the work fails. @throws the error of the work */
export async function inOneTransaction<T>(client: Client, work: () => Promise<T>): Promise<T> {
  await client.query('BEGIN');
  try {
    const result = await work();
    await client.query('COMMIT');
    return result;
  } catch (error) {
    // The server has already rolled back on a lost connection.
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/** The callback form of the pool's `connect`. */
export type OnConnect = (
  error: Error | undefined,
  client: PoolClient | undefined,
  done: (release?: unknown) => void,
) => void;

/**
 * A pool that drops its unfit connections (see {@link Connection}), and with each of them all that are as old. The
 * cause, such as a frozen proxy, a failover or a migration, affects those as well.
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

  /**
   * Unlike the parent's method, keeps the connection of a refused statement, and repeats a statement once whose plan is
   * outdated.
   */
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
