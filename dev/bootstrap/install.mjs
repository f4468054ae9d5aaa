import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runTool, stage } from './stage.mjs';

/**
 * Installs what the lock file says, unless it is there.
 * @param {string} root
 */
export async function install(root) {
  if (isInstalled(root)) return;
  await stage('packages (npm ci)', () =>
    runTool('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root }),
  );
}

/**
 * npm notes what it installed in `node_modules/.package-lock.json`: that has to be what the lock file
 * says, less what is meant for other systems.
 * @param {string} root
 */
function isInstalled(root) {
  const installed = readPackages(join(root, 'node_modules', '.package-lock.json'));
  const locked = readPackages(join(root, 'package-lock.json'));
  if (!installed || !locked) return false;
  const wanted = Object.entries(locked).filter(([path]) => path !== '');
  return (
    wanted.every(([path, { version, optional }]) =>
      installed[path] ? installed[path].version === version : optional === true,
    ) && Object.keys(installed).every((path) => path in locked)
  );
}

/**
 * @param {string} file
 * @returns {Record<string, { version?: string, optional?: boolean }> | undefined}
 */
function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return undefined;
  }
}
