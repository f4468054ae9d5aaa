// Runs with Node alone, before anything is installed: `node dev/bootstrap.mjs COMMAND [ARGUMENTS]`.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, generateClient, install, Problem, stage } from './build.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The built program of each command; `build` and `check` are done here. */
const PROGRAMS = {
  start: 'dist/dev/start.js',
  test: 'dist/dev/test.js',
  demo: 'dist/dev/demo.js',
  chaos: 'dist/dev/chaos.js',
  bench: 'dist/bench/bench.js',
  reset: 'dist/dev/reset.js',
  services: 'dist/dev/services.js',
  docs: 'dist/dev/docs.js',
};

const CHECKS = {
  'format (prettier)': ['prettier/bin/prettier.cjs', '--check', '.', '--log-level=warn'],
  'lint and import rules (eslint)': ['eslint/bin/eslint.js', '.', '--max-warnings=0'],
  'unused files, exports and dependencies (knip)': ['knip/bin/knip.js', '--no-config-hints'],
  'types (tsc)': ['typescript/bin/tsc', '--noEmit', '--incremental', 'false'],
};

function assertNode() {
  const oldest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).engines.node.slice(2);
  const [wantedMajor, wantedMinor] = oldest.split('.').map(Number);
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < wantedMajor || (major === wantedMajor && minor < wantedMinor))
    throw new Problem(
      `paysaga needs Node.js ${oldest} or newer, this is ${process.versions.node}: see https://nodejs.org/en/download.`,
    );
}

/** @param {string} command */
async function runProgram(command) {
  const program = join(root, PROGRAMS[command]);
  if (!existsSync(program)) throw new Problem(`There is no \`npm run ${command}\` yet.`);
  process.chdir(root);
  process.argv = [process.argv[0], program, ...process.argv.slice(3)];
  await import(pathToFileURL(program).href);
}

/** Format, lint and types; all of them are run, also when one fails. */
async function check() {
  const failed = [];
  for (const [title, [script, ...args]] of Object.entries(CHECKS)) {
    const program = join('node_modules', script);
    await stage(title, () => runVisibly([program, ...args])).catch(() => failed.push(title));
  }
  if (failed.length > 0) throw new Problem(`npm run check failed: ${failed.join(', ')}.`);
}

/**
 * @param {readonly string[]} args
 * @returns {Promise<void>}
 */
function runVisibly(args) {
  return new Promise((resolve, reject) => {
    const tool = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' });
    tool.once('close', (code) => (code === 0 ? resolve() : reject(new Problem(`exit code ${code}`))));
  });
}

async function main() {
  const command = process.argv[2] ?? '';
  if (!Object.hasOwn(PROGRAMS, command) && command !== 'build' && command !== 'check') {
    const commands = ['build', 'check', ...Object.keys(PROGRAMS)].join(', ');
    throw new Problem(`Usage: node dev/bootstrap.mjs COMMAND, one of: ${commands}`);
  }
  assertNode();
  await install(root);
  if (command === 'check') {
    await generateClient(root);
    return check();
  }
  await build(root);
  if (command !== 'build') await runProgram(command);
}

/** @param {unknown} error */
function explain(error) {
  if (error instanceof Problem) return error.message;
  if (error?.code === 'ENOSPC')
    return 'The disk is full: free some space (`df -h` shows where) and run the command again.';
  return process.env.DEBUG ? error.stack : String(error?.message ?? error);
}

main().catch((error) => {
  process.stderr.write(`\n${explain(error)}\n`);
  process.exitCode = 1;
});
