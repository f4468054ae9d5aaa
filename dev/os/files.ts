import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { Problem } from '../command';

/** The folder of the clone. This file is below `dist/` at run time, and in `dev/` in the tests. */
export const ROOT = cloneAbove(__dirname);

/** Returns the absolute path of a file or folder of the clone. */
export function fromRoot(...path: string[]): string {
  return join(ROOT, ...path);
}

/** The folder that `npm start` keeps between two starts. */
export const DATA = fromRoot('.paysaga');

function cloneAbove(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : cloneAbove(dirname(folder));
}

/** Writes JSON to a file in one step, so that a reader sees either the old or the new content. */
export function writeJson(path: string, value: unknown, mode = 0o600): void {
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, `${JSON.stringify(value, null, 2)}\n`, { mode });
  renameSync(temporary, path);
}

/** Returns the file's content, or undefined if it is missing or not JSON. The shape is not checked. */
export function readJson<T>(path: string): T | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T;
  } catch {
    return undefined;
  }
}

/** Returns the folder of large downloads, which is outside the clone and shared by all clones. */
export function cacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'paysaga');
}

/** A half-made directory older than this belongs to a killed run. */
const ABANDONED_AFTER_MS = 60 * 60_000;

/**
 * Creates a directory with `fill` if it is missing. It appears whole or not at all, because it is filled beside its
 * place and renamed. Of two runs at the same time, the first to rename wins.
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

const MEBIBYTE = 1024 * 1024;

/** Checks the free space at an existing folder. @throws Problem when it is less than `neededMiB` */
export async function assertDiskSpace(directory: string, neededMiB: number): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  const freeMiB = Math.floor((bavail * bsize) / MEBIBYTE);
  if (freeMiB < neededMiB)
    throw new Problem(
      `The disk is full: ${freeMiB} MiB are free for ${directory} and ${neededMiB} MiB are needed; \`df -h\` shows where the space went.`,
    );
}
