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
 * Warnings of the SDK's native core, without those of each call it tries again: while the server is away
 * they come by the dozen every second, and the worker says so itself.
 */
const CORE_LOG_FILTER = 'error,temporalio_sdk_core=warn';

/**
 * Sends the SDK's log lines, and those of workflows and activities, through our logger. Once per
 * process, before anything else of the worker SDK. It handles no signal: the process orders its end.
 *
 * @param metricsPort on loopback, where the SDK then tells its own metrics and those of workflows, among
 *   them `paysaga_saga_stuck_total`
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

/** By Prometheus's conventions: seconds, and names that end in their unit or in `_total`. */
const prometheus = (port: number) => ({
  prometheus: {
    bindAddress: `127.0.0.1:${port}`,
    countersTotalSuffix: true,
    unitSuffix: true,
    useSecondsForDurations: true,
  },
});

/**
 * Writes a line of a workflow or an activity under its own name. What the SDK says of itself becomes a detail, at debug
 * where it is usual.
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

/** Drops the SDK's own attributes but the workflow's id, which a saga's line has as `saga_id`. */
function withoutAttributes(line: Record<string, unknown>): Record<string, unknown> {
  const fields = Object.entries(line).filter(([name]) => !SDK_ATTRIBUTES.has(name));
  return { ...('saga_id' in line ? {} : { workflow_id: line['workflowId'] }), ...Object.fromEntries(fields) };
}

/** A warning of the relay's Worker, which has activities alone. */
const NO_WORKFLOWS = 'No workflows registered';

/** A saga that was undone fails its workflow, which is no fault. Of the error only its texts reach this thread. */
const isCompensated = (error: unknown): boolean => error instanceof Error && error.message.endsWith(EVERYTHING_UNDONE);

export interface ConnectWorkerOptions {
  readonly config: TemporalConfig;
  readonly logger: Logger;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
}

/**
 * The connection that both Workers share. Waits for the server and its namespace, however long they
 * take, and says so.
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

/** @throws Error when the server does not answer a new connection in time */
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

/** A port of loopback that is free now: the SDK's exporter takes a number, and does not tell the one it took. */
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

/** What Temporal's SDK tells of itself and of workflows, in Prometheus's text format. */
export async function readTemporalMetrics(port: number): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!response.ok) throw new Error(`Temporal's exporter answered ${response.status}.`);
  return response.text();
}

/** The workflows of this version: built by `npm run build`; without it (in tests), the SDK bundles the code now. */
export function workflowCode(): { workflowBundle: { codePath: string } } | { workflowsPath: string } {
  const codePath = join(__dirname, '..', '..', 'workflow-bundle.js');
  return existsSync(codePath)
    ? { workflowBundle: { codePath } }
    : { workflowsPath: require.resolve('../../../workflows') };
}
