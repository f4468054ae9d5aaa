import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder of the clone. This file is `dist/dev/root.js` when it runs, and `dev/root.ts` in the tests. */
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
