import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readJson, writeJson } from '../os/json-file';
import { stopLeftovers } from '../os/pid-file';
import { identify, isAlive, type ProcessIdentity } from '../os/process-identity';
import { postgresData, postgresUser } from '../services/postgres-install';

const PREFIX = 'paysaga-test-';
const OWNER = 'owner.json';

/**
 * A data folder for a stack that ends with this process, outside the clone. Those of killed processes
 * are removed first, with what they left running.
 * @returns the folder, and what removes it once the services are stopped
 */
export async function temporaryData(): Promise<{ dataDir: string; remove: () => Promise<void> }> {
  await removeAbandoned();
  const dataDir = mkdtempSync(join(tmpdir(), PREFIX));
  writeJson(join(dataDir, OWNER), identify(process.pid));
  return { dataDir, remove: () => remove(dataDir) };
}

async function removeAbandoned(): Promise<void> {
  for (const name of readdirSync(tmpdir()).filter((name) => name.startsWith(PREFIX))) {
    const dataDir = join(tmpdir(), name);
    const owner = readJson<ProcessIdentity>(join(dataDir, OWNER));
    if (owner && !isAlive(owner)) await remove(dataDir);
  }
}

async function remove(dataDir: string): Promise<void> {
  await stopLeftovers(join(dataDir, 'pids'));
  rmSync(postgresData(dataDir, await postgresUser()), { recursive: true, force: true });
  rmSync(dataDir, { recursive: true, force: true });
}
