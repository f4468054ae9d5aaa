import { statfs } from 'node:fs/promises';
import { Problem } from './problem';

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
