import { Client, Connection, isGrpcServiceError } from '@temporalio/client';
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
