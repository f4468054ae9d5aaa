import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { SdkComponent } from '@temporalio/common';
import { type LogLevel, type LogMetadata, NativeConnection, Runtime } from '@temporalio/worker';
import { EVERYTHING_UNDONE } from '../../temporal-contract';
import type { Logger } from '../logger';
import { createBackoff, wait } from '../timing';
import type { TemporalConfig } from './temporal-config';

const LEVELS = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;

/**
 * Warnings of the SDK's native core, except for each retried call. While the server is away, they come by the dozen
 * every second, and the worker logs the outage itself.
 */
const CORE_LOG_FILTER = 'error,temporalio_sdk_core=warn';

/**
 * Sends the log lines of the SDK, of workflows and of activities through our logger. Call it once per process, before
 * anything else of the worker SDK. It handles no signals, because the process stops its workers itself.
 *
 * @param metricsPort a loopback port on which the SDK serves its metrics and those of workflows, among them
 *   `paysaga_saga_stuck_total`; defaults to none
 */
export function installTemporalRuntime(logger: Logger, metricsPort?: number): void {
  const at = (level: LogLevel) => (message: string, meta?: LogMetadata) => write(logger, level, message, meta);
  Runtime.install({
    logger: {
      log: (level, message, meta) => write(logger, level, message, meta),
      trace: at('TRACE'),
      debug: at('DEBUG'),
      info: at('INFO'),
      warn: at('WARN'),
      error: at('ERROR'),
    },
    telemetryOptions: {
      logging: { filter: CORE_LOG_FILTER, forward: {} },
      ...(metricsPort !== undefined && { metrics: prometheus(metricsPort) }),
    },
    shutdownSignals: [],
  });
}

/** Prometheus's conventions: seconds, and names that end in their unit or in `_total`. */
const prometheus = (port: number) => ({
  prometheus: {
    bindAddress: `127.0.0.1:${port}`,
    countersTotalSuffix: true,
    unitSuffix: true,
    useSecondsForDurations: true,
  },
});

/**
 * Logs a line of a workflow or activity under its own name. A message of the SDK itself becomes a detail, at debug
 * level if it is usual.
 */
function write(logger: Logger, level: LogLevel, message: string, meta: LogMetadata = {}): void {
  const { sdkComponent, error, ...fields } = meta as Record<string, unknown>;
  const line = { ...(error !== undefined && { err: error }), ...fields };
  if (sdkComponent === SdkComponent.workflow || sdkComponent === SdkComponent.activity) {
    logger[LEVELS[level]](withoutAttributes(line), message);
  } else {
    const ofSdk = { component: `temporal/${String(sdkComponent)}`, detail: message, ...line };
    const isUsual = level === 'INFO' || message.startsWith(NO_WORKFLOWS) || isCompensated(error);
    logger[isUsual ? 'debug' : LEVELS[level]](ofSdk, 'temporal.sdk_reported');
  }
}

const SDK_ATTRIBUTES = new Set(['namespace', 'taskQueue', 'workflowId', 'runId', 'workflowType']);

/** Removes the SDK's attributes except the workflow's id, which the line of a saga has as `saga_id`. */
function withoutAttributes(line: Record<string, unknown>): Record<string, unknown> {
  const fields = Object.entries(line).filter(([name]) => !SDK_ATTRIBUTES.has(name));
  return { ...('saga_id' in line ? {} : { workflow_id: line['workflowId'] }), ...Object.fromEntries(fields) };
}

/** A warning of the relay's Worker, which has only activities. */
const NO_WORKFLOWS = 'No workflows registered';

/**
 * Whether a workflow failed because its saga was compensated, which is not a fault. Only the error's texts reach this
 * thread.
 */
const isCompensated = (error: unknown): boolean => error instanceof Error && error.message.endsWith(EVERYTHING_UNDONE);

/** The options of {@link connectTemporalWorker}. */
export interface ConnectWorkerOptions {
  readonly config: TemporalConfig;
  readonly logger: Logger;
  /** Ends the wait. */
  readonly signal: AbortSignal;
}

/**
 * Opens the connection that both Workers share. Waits for the server and its namespace without a time limit, and logs
 * the wait.
 *
 * @throws Error when the signal aborts first
 */
export async function connectTemporalWorker(options: ConnectWorkerOptions): Promise<NativeConnection> {
  const { config, logger, signal } = options;
  const backoff = createBackoff({ initialMs: 200, maxMs: 5_000 });
  const address = config.connection.address;
  while (!signal.aborted) {
    try {
      return await connect(config);
    } catch (error) {
      const retryInMs = backoff.next();
      const reason = error instanceof Error ? error.message : String(error);
      logger.warn(
        { address, namespace: config.namespace, reason, retry_in_ms: retryInMs },
        'temporal.waiting_for_server',
      );
      await wait(retryInMs, signal);
    }
  }
  throw new Error('Stopped while waiting for Temporal.');
}

/** Opens and closes a connection. @throws Error when the server does not answer in time */
export async function tryToConnect(config: TemporalConfig): Promise<void> {
  await (await connect(config)).close();
}

async function connect({ connection: options, namespace }: TemporalConfig): Promise<NativeConnection> {
  const connection = await NativeConnection.connect(options);
  try {
    await connection.withDeadline(Date.now() + 5_000, () =>
      connection.workflowService.describeNamespace({ namespace }),
    );
    return connection;
  } catch (error) {
    await connection.close();
    throw error;
  }
}

const TIMEOUT_MS = 2_000;

/** Returns a free loopback port. The SDK's exporter needs a number, and does not report which port it took. */
export async function takeLoopbackPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (address === null || typeof address === 'string') throw new Error('Loopback has no port.');
  return address.port;
}

/** Reads the metrics of Temporal's SDK and of workflows, in Prometheus's text format. */
export async function readTemporalMetrics(port: number): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!response.ok) throw new Error(`Temporal's exporter answered ${response.status}.`);
  return response.text();
}

/** Returns the workflow code of this version: the bundle of `npm run build` or, without it (in tests), the sources. */
export function workflowCode(): { workflowBundle: { codePath: string } } | { workflowsPath: string } {
  const codePath = join(__dirname, '..', '..', 'workflow-bundle.js');
  return existsSync(codePath)
    ? { workflowBundle: { codePath } }
    : { workflowsPath: require.resolve('../../../workflows') };
}
