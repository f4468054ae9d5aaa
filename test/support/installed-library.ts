import { cp, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { run } from '../../dev/os/child';
import { fromRoot } from '../../dev/os/files';

/** A program of the example, and how it ended. */
export interface InstalledLibrary {
  /** The folder with the compiled example in it, and `paysaga` under its `node_modules`. */
  readonly folder: string;
  /** What `npm pack` put into the package. */
  readonly files: readonly string[];
}

/**
 * Packs the product as `npm publish` would, and installs it for the example `examples/<name>`: the package as it
 * was packed, beside its dependencies, and nothing else of ours. Needs `npm run build`.
 */
export async function installLibrary(folder: string, example: string): Promise<InstalledLibrary> {
  const modules = join(folder, 'node_modules');
  await mkdir(join(modules, 'paysaga'), { recursive: true });
  const packed = await must('npm', ['pack', '--silent', '--pack-destination', folder], fromRoot());
  const tarball = join(folder, basename(packed.trim().split('\n').at(-1) ?? ''));
  await must('tar', ['-xzf', tarball, '--strip-components=1', '-C', join(modules, 'paysaga')], folder);
  for (const name of await readdir(fromRoot('node_modules'))) {
    if (!name.startsWith('.') && name !== 'paysaga') {
      await symlink(fromRoot('node_modules', name), join(modules, name));
    }
  }
  await cp(fromRoot('dist', 'examples', example), folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: example, private: true }));
  const listed = await must('tar', ['-tzf', tarball], folder);
  return { folder, files: listed.split('\n').map((file) => file.replace(/^package\//, '')) };
}

async function must(command: string, args: readonly string[], cwd: string): Promise<string> {
  const { code, output } = await run(command, args, { cwd, env: process.env });
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${output}`);
  return output;
}
