// Runs with Node alone, before anything is installed: `node dev/bootstrap.mjs COMMAND [ARGUMENTS]`.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Problem } from './bootstrap/stage.mjs';

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

async function main() {
  const command = process.argv[2] ?? '';
  if (!Object.hasOwn(PROGRAMS, command) && command !== 'build' && command !== 'check') {
    const commands = ['build', 'check', ...Object.keys(PROGRAMS)].join(', ');
    throw new Problem(`Usage: node dev/bootstrap.mjs COMMAND, one of: ${commands}`);
  }
  assertNode();
  const { install } = await import('./bootstrap/install.mjs');
  const { build, generateClient } = await import('./bootstrap/build.mjs');
  await install(root);
  if (command === 'check') {
    await generateClient(root);
    const { check } = await import('./bootstrap/check.mjs');
    return check(root);
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
