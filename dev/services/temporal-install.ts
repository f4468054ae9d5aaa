import { chmod, copyFile, readdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { cacheDirectory, once } from '../os/cache';
import { Problem } from '../os/problem';
import { stage, type Log } from '../os/progress';
import { lastLines, run } from '../os/run';
import { fromRoot } from '../root';
import type { InstallContext } from './context';
import { classPathOf, findJava } from './java';

/** Newer tags of the CLI carry a `replace` line, which `go install` refuses. */
const CLI = 'v1.5.1';

/** The oldest server in a CLI on PATH that runs what the sagas use. */
const OLDEST_SERVER = [1, 28] as const;

/**
 * The `temporal` command: the one on PATH when it is new enough, else the one in the cache, put there by
 * the SDK's download or, where that is not to be had, built with Go.
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

/** A closed network may swallow packets: three seconds tell. */
function canDownload(): Promise<boolean> {
  return fetch('https://temporal.download/', { method: 'HEAD', signal: AbortSignal.timeout(3000) }).then(
    () => true,
    () => false,
  );
}

/** The SDK downloads the CLI to start a server with it; the server is not wanted, the file is. */
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

/** The executable of Temporal's test server, which skips time; for `createTimeSkipping` as `existing-path`. */
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
