import { join } from 'node:path';

/** The folder of the clone: this file is `dist/dev/root.js` when it runs. */
export const ROOT = join(__dirname, '..', '..');

/** The absolute path of a file or folder of the clone. */
export function fromRoot(...path: string[]): string {
  return join(ROOT, ...path);
}

/** What `npm start` keeps between two starts. */
export const DATA = fromRoot('.paysaga');
