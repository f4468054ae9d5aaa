import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** Where heavy installs live, outside the clone, so that every clone and every run shares them. */
export function cacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'paysaga');
}

/** A half-made directory older than this belongs to a run that was killed. */
const ABANDONED_AFTER_MS = 60 * 60_000;

/**
 * The directory, made by `fill` when it is not there. It appears whole or not at all: it is filled
 * beside its place and renamed. Two runs at the same time both fill one, and the first to rename wins.
 * @returns the directory
 */
export async function once(directory: string, fill: (into: string) => Promise<void>): Promise<string> {
  if (existsSync(directory)) return directory;
  const parent = dirname(directory);
  await mkdir(parent, { recursive: true });
  await removeAbandoned(directory);
  const temporary = await mkdtemp(`${directory}.tmp-`);
  try {
    await fill(temporary);
    await rename(temporary, directory);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    if (!existsSync(directory)) throw error;
  }
  return directory;
}

async function removeAbandoned(directory: string): Promise<void> {
  const parent = dirname(directory);
  for (const name of await readdir(parent)) {
    if (!name.startsWith(`${basename(directory)}.tmp-`)) continue;
    const path = join(parent, name);
    const modified = await stat(path).then((found) => found.mtimeMs, Date.now);
    if (Date.now() - modified > ABANDONED_AFTER_MS) await rm(path, { recursive: true, force: true });
  }
}
