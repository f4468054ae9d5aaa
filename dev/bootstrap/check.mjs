import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { Problem, stage } from './stage.mjs';

const CHECKS = {
  'format (prettier)': ['prettier/bin/prettier.cjs', '--check', '.', '--log-level=warn'],
  'lint and import rules (eslint)': ['eslint/bin/eslint.js', '.', '--max-warnings=0'],
  'types (tsc)': ['typescript/bin/tsc', '--noEmit', '--incremental', 'false'],
};

/**
 * Format, lint and types; all of them are run, also when one fails.
 * @param {string} root
 */
export async function check(root) {
  const failed = [];
  for (const [title, [script, ...args]] of Object.entries(CHECKS)) {
    const program = join('node_modules', script);
    await stage(title, () => runVisibly(root, [program, ...args])).catch(() => failed.push(title));
  }
  if (failed.length > 0) throw new Problem(`npm run check failed: ${failed.join(', ')}.`);
}

/**
 * @param {string} root
 * @param {readonly string[]} args
 * @returns {Promise<void>}
 */
function runVisibly(root, args) {
  return new Promise((resolve, reject) => {
    const tool = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' });
    tool.once('close', (code) => (code === 0 ? resolve() : reject(new Problem(`exit code ${code}`))));
  });
}
