import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder of this package: of the clone, of `dist`, or of the installation. */
export const packageRoot: string = above(__dirname);

/** The version of this package. */
export const packageVersion: string = (
  JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }
).version;

function above(folder: string): string {
  if (existsSync(join(folder, 'package.json'))) return folder;
  if (dirname(folder) === folder) throw new Error('There is no package.json above the code of paysaga.');
  return above(dirname(folder));
}
