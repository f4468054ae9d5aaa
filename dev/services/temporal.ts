import { chmod, copyFile, mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Connection } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { type Log, Problem, stage } from '../command';
import { lastLines, run } from '../os/child';
import { cacheDirectory, fromRoot, once } from '../os/files';
import { classPathOf, findJava } from './java';
import { type InstallContext, launch, type ServiceContext } from './launch';

/**
 * Each task queue has one partition, so that a poll never waits at the wrong one. Eager activities halve the time of a
 * short workflow. Customers take turns by the sagas' priority and fairness keys. New search attributes and namespaces
 * are seen at once.
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
 * Every step of a workflow is a write. Waiting for the disk would cost 50 instead of 35 ms of the server's time per
 * saga. A killed server loses nothing without it; a machine that crashes may lose the last moment
 * (https://www.sqlite.org/pragma.html#pragma_synchronous).
 */
const SQLITE = { journal_mode: 'wal', synchronous: 'normal' };

/** A running development server. */
export interface TemporalServer {
  /** The `host:port` of its gRPC front end. */
  readonly address: string;
  readonly uiUrl: string;
}

/** Starts Temporal's development server with its Web UI. Its state is in a file that survives a crash. */
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

/** Newer tags of the CLI have a `replace` line, which `go install` refuses. */
const CLI = 'v1.5.1';

/** The oldest server version, in a CLI on PATH, that supports what the sagas use. */
const OLDEST_SERVER = [1, 28] as const;

/**
 * Returns the `temporal` command: from PATH if it is new enough, otherwise from the cache, where the SDK's download or
 * a build with Go has put it.
 */
export async function findTemporalCli(context: InstallContext): Promise<string> {
  const { log, signal } = context;
  if (await isRecent('temporal')) return 'temporal';
  const directory = await once(join(cacheDirectory(), `temporal-cli-${CLI}`), async (into) => {
    if (await canDownload()) {
      const done = await stage(log, `Temporal CLI ${CLI}: download`, () => download(into)).catch(() => undefined);
      if (done) return;
    }
    await stage(log, `Temporal CLI ${CLI}: go install (about 3 minutes, once)`, () => build(into, signal));
  });
  return join(directory, 'temporal');
}

async function isRecent(command: string): Promise<boolean> {
  const { code, output } = await run(command, ['--version']);
  const version = /Server (\d+)\.(\d+)/.exec(output);
  if (code !== 0 || !version) return false;
  const [major, minor] = [Number(version[1]), Number(version[2])];
  return major > OLDEST_SERVER[0] || (major === OLDEST_SERVER[0] && minor >= OLDEST_SERVER[1]);
}

/** A closed network may drop packets, so the answer must arrive within three seconds. */
function canDownload(): Promise<boolean> {
  return fetch('https://temporal.download/', { method: 'HEAD', signal: AbortSignal.timeout(3000) }).then(
    () => true,
    () => false,
  );
}

/** Downloads the CLI by the SDK's start of a server, which is then stopped. */
async function download(into: string): Promise<true> {
  const environment = await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'cached-download', version: CLI, downloadDir: into } },
  });
  await environment.teardown();
  const file = (await readdir(into)).find((name) => name.startsWith('temporal'));
  if (file === undefined) throw new Problem('The download of the Temporal CLI left no file.');
  await copyFile(join(into, file), join(into, 'temporal'));
  await chmod(join(into, 'temporal'), 0o755);
  return true;
}

async function build(into: string, signal: AbortSignal | undefined): Promise<void> {
  const { code, output } = await run('go', ['install', `github.com/temporalio/cli/cmd/temporal@${CLI}`], {
    cwd: into,
    env: { ...process.env, GOBIN: into },
    ...(signal && { signal }),
  });
  if (code === 0) return;
  if (code === null)
    throw new Problem(
      'Temporal has no `temporal` command here, it cannot be downloaded, and Go is not there to build it: install the Temporal CLI or Go 1.24 (on Debian: `apt-get install golang`), or set TEMPORAL_ADDRESS.',
    );
  throw new Problem(`The Temporal CLI could not be built with Go: ${lastLines(output)}`);
}

/** Returns the executable of Temporal's time-skipping test server, for `createTimeSkipping` as `existing-path`. */
export async function findTemporalTestServer(log: Log): Promise<string> {
  const title = "Temporal's test server";
  const java = await findJava(title);
  const classPath = await classPathOf(fromRoot('dev/temporal-test-server'), title, { log });
  const script = `#!/bin/sh\nexec '${java}' -Xmx256m -cp '${classPath}' io.temporal.testserver.TestServer "$@"\n`;
  const file = join(dirname(classPath), 'temporal-test-server');
  const written = `${file}.${process.pid}`;
  await writeFile(written, script, { mode: 0o755 });
  await rename(written, file);
  return file;
}
