import { join } from 'node:path';
import { Problem } from '../../dev/command';
import { lastLines, run } from '../../dev/os/child';
import { cacheDirectory, once } from '../../dev/os/files';

/** Another release of Node.js for this machine, from npm, installed once. @returns the path of its executable */
export async function installNode(version: string): Promise<string> {
  const name = `node-${process.platform}-${process.arch}`;
  const directory = await once(join(cacheDirectory(), `${name}-${version}`), async (into) => {
    const args = ['install', '--prefix', into, '--no-save', '--ignore-scripts', `${name}@${version}`];
    const { code, output } = await run('npm', args, { cwd: into });
    if (code !== 0) throw new Problem(`Node.js ${version} could not be installed: ${lastLines(output)}`);
  });
  return join(directory, 'node_modules', name, 'bin', 'node');
}
