import { Client, Connection, isGrpcServiceError } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import { succeeds, wait } from '../timing';
import type { TemporalConfig } from './temporal-config';

/** The Temporal client of the API and the sweepers. It connects at the first use. */
export interface TemporalClient {
  readonly client: Client;
  /** Runs calls, and fails them after `ms` milliseconds. */
  within<T>(ms: number, calls: () => Promise<T>): Promise<T>;
  /** @throws Error when the namespace does not answer within `ms` */
  ping(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** Detects a silent connection. Temporal refuses clients that ping more often than every 10 s. */
const KEEPALIVE = {
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.keepalive_time_ms': 10_500,
  'grpc.keepalive_timeout_ms': 2_000,
};

/**
 * Creates a client whose calls fail at once while Temporal is away, instead of retrying for 20 s, because callers handle
 * that failure. The pause of gRPC between two connection attempts, up to 2 minutes by default, stays short.
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

/**
 * Returns a function from a workflow id to its page in Temporal's Web UI, or to `null` where the Web UI's address is
 * not configured.
 */
export const createWorkflowUrl =
  ({ uiUrl, namespace }: Pick<TemporalConfig, 'uiUrl' | 'namespace'>) =>
  (workflowId: string): string | null =>
    uiUrl === undefined
      ? null
      : `${uiUrl.replace(/\/$/, '')}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflowId)}`;

/** Returns the reason of a failed call for the log: gRPC's own message, which the SDK wraps into a general sentence. */
export function reasonOf(error: unknown): string {
  const cause = error instanceof Error && isGrpcServiceError(error.cause) ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
}

/** The options of {@link watchConnection}. */
export interface WatchConnectionOptions {
  readonly connection: Pick<NativeConnection, 'workflowService' | 'withDeadline'>;
  readonly namespace: string;
  /** Opens and closes a new connection. @throws Error when the server does not answer */
  readonly tryAnother: () => Promise<void>;
  /** Ends the process, so that it is restarted. */
  readonly fail: (error: unknown) => void;
  readonly signal: AbortSignal;
  /** The time between two probes, and the time limit of each, in ms. Defaults to 2,500. */
  readonly everyMs?: number;
}

/**
 * Ends the process when its connection to Temporal is silent while a new one gets answers. The SDK would notice after
 * 45 s, and its polls would hang until then. A server that is away or slow for all connections is no reason: the SDK
 * waits for it.
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
