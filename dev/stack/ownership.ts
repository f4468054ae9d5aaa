import { linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readJson } from '../os/json-file';
import { hasCode, Problem } from '../os/problem';
import { identify, isAlive, type ProcessIdentity } from '../os/process-identity';

const fileIn = (dataDir: string): string => join(dataDir, 'stack.pid');

/** The process that runs a stack in this folder now; a file that a killed one left does not count. */
export function ownerOf(dataDir: string): ProcessIdentity | undefined {
  const owner = readJson<ProcessIdentity>(fileIn(dataDir));
  return owner && isAlive(owner) ? owner : undefined;
}

/**
 * Makes this process the one that runs a stack in this folder.
 * @returns gives it back
 * @throws Problem when another process has it
 */
export function claimStack(dataDir: string): () => void {
  mkdirSync(dataDir, { recursive: true });
  const file = fileIn(dataDir);
  const mine = `${file}.${process.pid}`;
  writeFileSync(mine, JSON.stringify(identify(process.pid)));
  try {
    link(mine, file, dataDir);
  } finally {
    rmSync(mine, { force: true });
  }
  return () => rmSync(file, { force: true });
}

/** A link is made only where there is no file, and is complete at once: of two that try, one succeeds. */
function link(mine: string, file: string, dataDir: string): void {
  for (let attempt = 1; ; attempt++) {
    try {
      return linkSync(mine, file);
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
    }
    const owner = ownerOf(dataDir);
    if (owner || attempt > 1)
      throw new Problem(
        `paysaga runs here already${owner ? ` (process ${owner.pid})` : ''}: its addresses are in ${join(dataDir, 'stack.json')}; Ctrl-C in its terminal ends it.`,
      );
    rmSync(file, { force: true });
  }
}
