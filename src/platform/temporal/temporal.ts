import { Client, Connection, isGrpcServiceError } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import { succeeds, wait } from '../timing';
import type { TemporalConfig } from './temporal-config';

/** What API and sweeper need of Temporal. Nothing is connected before it is used. */
export interface TemporalClient {
  readonly client: Client;
  /** Runs calls that fail after `ms`, whatever hangs. */
  within<T>(ms: number, calls: () => Promise<T>): Promise<T>;
  /** @throws Error when the namespace does not answer within `ms` */
  ping(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** A silent connection is given up. Temporal refuses clients that ask more often than every 10 s. */
const KEEPALIVE = {
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.keepalive_time_ms': 10_500,
  'grpc.keepalive_timeout_ms': 2_000,
};

/**
 * Calls fail at once while Temporal is away, instead of being retried for 20 s: whoever calls has an
 * answer for that. gRPC's pause between two connects, up to 2 minutes by default, stays short.
 */
export function connectTemporalClient({ config }: { readonly config: TemporalConfig }): TemporalClient {
  const { address, tls, apiKey, metadata } = config.connection;
  const connection = Connection.lazy({
    ...(address !== undefined && { address }),
    ...(tls !== undefined && { tls }),
    ...(apiKey !== undefined && { apiKey }),
    ...(metadata !== undefined && { metadata }),
    interceptors: [],
    channelArgs: {
      'grpc.initial_reconnect_backoff_ms': 200,
      'grpc.max_reconnect_backoff_ms': 2_000,
      ...KEEPALIVE,
    },
  });
  const { namespace } = config;
  const client = new Client({ connection, namespace });
  const within = <T>(ms: number, calls: () => Promise<T>): Promise<T> =>
    connection.withDeadline(Date.now() + ms, calls);

  return {
    client,
    within,
    ping: (ms) => within(ms, async () => void (await connection.workflowService.describeNamespace({ namespace }))),
    close: () => connection.close(),
  };
}

/** A workflow's page in Temporal's Web UI; `null` where its address is not configured. */
export const createWorkflowUrl =
  ({ uiUrl, namespace }: Pick<TemporalConfig, 'uiUrl' | 'namespace'>) =>
  (workflowId: string): string | null =>
    uiUrl === undefined
      ? null
      : `${uiUrl.replace(/\/$/, '')}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflowId)}`;

/** Why a call failed, for the log: gRPC's own words, which the SDK wraps into a general sentence. */
export function reasonOf(error: unknown): string {
  const cause = error instanceof Error && isGrpcServiceError(error.cause) ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
}

export interface WatchConnectionOptions {
  readonly connection: Pick<NativeConnection, 'workflowService' | 'withDeadline'>;
  readonly namespace: string;
  /** Opens a new connection, and closes it again. @throws Error when the server does not answer it */
  readonly tryAnother: () => Promise<void>;
  /** Ends the process, to be started again. */
  readonly fail: (error: unknown) => void;
  readonly signal: AbortSignal;
  /** Between two questions, and how long an answer may take. Defaults to 2.5 s. */
  readonly everyMs?: number;
}

/**
 * Ends the process when its connection to Temporal has gone silent and a new one is answered. The SDK notices after 45 s,
 * and its polls hang as long. A server that is away, or slow for everybody, is no reason: the SDK waits for it.
 */
export async function watchConnection(options: WatchConnectionOptions): Promise<void> {
  const { connection, namespace, tryAnother, fail, signal, everyMs = 2_500 } = options;
  const asks = (): Promise<boolean> => {
    const question = () => connection.workflowService.describeNamespace({ namespace });
    return succeeds(connection.withDeadline(Date.now() + everyMs, question));
  };

  while (!signal.aborted) {
    await wait(everyMs, signal);
    if (signal.aborted || (await asks()) || !(await succeeds(tryAnother())) || (await asks()) || signal.aborted)
      continue;
    fail(new Error('The connection to Temporal has gone silent, while the server answers a new one.'));
  }
}
