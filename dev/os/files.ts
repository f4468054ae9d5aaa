import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { Problem } from '../command';

/** The folder of the clone. This file is below `dist/` when it runs, and in `dev/` in the tests. */
export const ROOT = cloneAbove(__dirname);

/** The absolute path of a file or folder of the clone. */
export function fromRoot(...path: string[]): string {
  return join(ROOT, ...path);
}

/** What `npm start` keeps between two starts. */
export const DATA = fromRoot('.paysaga');

function cloneAbove(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : cloneAbove(dirname(folder));
}

/** Replaces the file in one step: a reader sees the old content or the new one, never half of it. */
export function writeJson(path: string, value: unknown, mode = 0o600): void {
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, `${JSON.stringify(value, null, 2)}\n`, { mode });
  renameSync(temporary, path);
}

/** The file's content, or undefined when it is missing or is no JSON. The shape is the writer's word. */
export function readJson<T>(path: string): T | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T;
  } catch {
    return undefined;
  }
}

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

const MEBIBYTE = 1024 * 1024;

/** @throws Problem when less than this is free where the folder is; the folder has to be there */
export async function assertDiskSpace(directory: string, neededMiB: number): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  const freeMiB = Math.floor((bavail * bsize) / MEBIBYTE);
  if (freeMiB < neededMiB)
    throw new Problem(
      `The disk is full: ${freeMiB} MiB are free for ${directory} and ${neededMiB} MiB are needed; \`df -h\` shows where the space went.`,
    );
}
