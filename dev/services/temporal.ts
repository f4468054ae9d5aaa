import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import type { ServiceContext } from './context';
import { launch } from './launch';
import { findTemporalCli } from './temporal-install';

/**
 * One partition per task queue: a poll never waits at the wrong one. Eager activities halve the time of
 * a short workflow. Customers take turns (priority and fairness keys of the sagas). New search attributes and namespaces are seen at once.
 */
const DYNAMIC_CONFIG = {
  'matching.numTaskqueueReadPartitions': '1',
  'matching.numTaskqueueWritePartitions': '1',
  'system.enableActivityEagerExecution': 'true',
  'matching.useNewMatcher': 'true',
  'matching.enableFairness': 'true',
  'system.forceSearchAttributesCacheRefreshOnRead': 'true',
};

/**
 * Every step of a workflow is a write; waiting for the disk with each costs the server 50 instead of 35 ms of
 * its time per saga. A killed server loses nothing without it, only a machine that crashes may lose its last
 * moment (https://www.sqlite.org/pragma.html#pragma_synchronous).
 */
const SQLITE = { journal_mode: 'wal', synchronous: 'normal' };

export interface TemporalServer {
  /** `host:port` of the gRPC front end. */
  readonly address: string;
  readonly uiUrl: string;
}

/** Temporal's development server with its Web UI, its state in a file that survives a crash. */
export async function startTemporal(context: ServiceContext): Promise<TemporalServer> {
  const command = await findTemporalCli(context);
  const folder = join(context.dataDir, 'temporal');
  await mkdir(folder, { recursive: true });
  const [port = 0, uiPort = 0] = await launch(context, {
    name: 'temporal',
    title: 'Temporal',
    ports: { temporal: 7233, temporalUi: 8233 },
    command: ([port, uiPort]) => ({
      command,
      args: [
        ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort)],
        ...['--db-filename', join(folder, 'temporal.db')],
        ...pairs('--sqlite-pragma', SQLITE),
        ...['--disable-config-env', '--disable-config-file'],
        ...pairs('--dynamic-config-value', DYNAMIC_CONFIG),
      ],
    }),
    ready: ([port = 0]) => answers(`127.0.0.1:${port}`),
    timeoutMs: 60_000,
  });
  return { address: `127.0.0.1:${port}`, uiUrl: `http://127.0.0.1:${uiPort}` };
}

function pairs(flag: string, values: Readonly<Record<string, string>>): string[] {
  return Object.entries(values).flatMap(([key, value]) => [flag, `${key}=${value}`]);
}

async function answers(address: string): Promise<boolean> {
  const connection = await Connection.connect({ address, connectTimeout: 1000 });
  try {
    await connection.withDeadline(Date.now() + 2000, () =>
      connection.workflowService.describeNamespace({ namespace: 'default' }),
    );
    return true;
  } finally {
    await connection.close();
  }
}
