import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** Said alone, without a stack: a sentence with the command that helps. */
export class Problem extends Error {}

/** @param {string} line */
const print = (line) => void process.stdout.write(`${line}\n`);

/** @param {number} ms */
const duration = (ms) => (ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`);

/**
 * Runs one stage and prints its end with its duration, and every 15 s that it is still at work.
 * @template T
 * @param {string} title
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function stage(title, work) {
  const begun = performance.now();
  const elapsed = () => duration(performance.now() - begun);
  const reminder = setInterval(() => print(`… ${title} (${elapsed()})`), 15_000);
  try {
    const result = await work();
    print(`✓ ${title} (${elapsed()})`);
    return result;
  } catch (error) {
    print(`✗ ${title} (${elapsed()})`);
    throw error;
  } finally {
    clearInterval(reminder);
  }
}

/**
 * Runs a tool and shows what it printed only when it fails.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd: string, env?: NodeJS.ProcessEnv }} options
 * @returns {Promise<void>}
 */
function runTool(command, args, { cwd, env = process.env }) {
  return new Promise((resolve, reject) => {
    const tool = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [tool.stdout, tool.stderr]) stream.on('data', (chunk) => (output += chunk));
    tool.once('error', reject);
    tool.once('close', (code) => {
      if (code === 0) return resolve();
      process.stderr.write(output);
      reject(new Problem(`\`${[command.split('/').pop(), ...args].join(' ')}\` failed, see above.`));
    });
  });
}

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

const SOURCES = ['src', 'workflows', 'activities', 'testing', 'dev', 'bench', 'examples'];
const GENERATED = join('src', 'platform', 'prisma');

/**
 * Brings `dist/` up to date: the database client from the schema, the JavaScript, and the workflows'
 * bundle. What has not changed since the last build is left as it is.
 * @param {string} root
 */
export async function build(root) {
  await generateClient(root);
  const settings = ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'prisma/schema.prisma'];
  const files = SOURCES.flatMap((folder) => sourceFiles(root, folder));
  await whenChanged(root, 'compiled', [...settings, ...files], [], () => stage('compile (tsc)', () => compile(root)));
  const workflows = files.filter((file) => /^(workflows|src|activities)\//.test(file));
  if (workflows.includes('workflows/index.ts'))
    await whenChanged(root, 'bundled', ['package-lock.json', ...workflows], ['dist/workflow-bundle.js'], () =>
      stage('workflow bundle', () => bundleWorkflows(root)),
    );
}

/**
 * `prisma generate` needs no schema engine, but looks for one and would download it: any program will do.
 * @param {string} root
 */
export async function generateClient(root) {
  const inputs = ['prisma/schema.prisma', 'package-lock.json'];
  await whenChanged(root, 'generated', inputs, [join(GENERATED, 'client.ts')], () =>
    stage('database client (prisma generate)', () =>
      runTool(process.execPath, ['node_modules/prisma/build/index.js', 'generate'], {
        cwd: root,
        env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, PRISMA_HIDE_UPDATE_MESSAGE: '1' },
      }),
    ),
  );
}

/** @param {string} root */
async function compile(root) {
  if (!existsSync(join(root, 'dist', 'src'))) rmSync(join(root, 'dist', '.tsbuildinfo'), { force: true });
  const tsc = join('node_modules', 'typescript', 'bin', 'tsc');
  await runTool(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { cwd: root });
}

/** @param {string} root */
async function bundleWorkflows(root) {
  const { bundleWorkflowCode } = createRequire(join(root, 'package.json'))('@temporalio/worker');
  const quiet = { trace() {}, debug() {}, info() {}, warn: console.warn, error: console.error, log() {} };
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(root, 'dist', 'workflows', 'index.js'),
    logger: quiet,
  });
  writeFileSync(join(root, 'dist', 'workflow-bundle.js'), code);
}

/**
 * Does the work unless its inputs are those of the last time and its outputs are there.
 * @param {string} root
 * @param {string} name
 * @param {readonly string[]} inputs
 * @param {readonly string[]} outputs
 * @param {() => Promise<void>} work
 */
async function whenChanged(root, name, inputs, outputs, work) {
  const stamp = join(root, 'dist', `.${name}`);
  const digest = createHash('sha256');
  for (const file of inputs) digest.update(`${file}\0`).update(readFileSync(join(root, file)));
  const now = digest.digest('hex');
  const before = existsSync(stamp) ? readFileSync(stamp, 'utf8') : undefined;
  if (before === now && outputs.every((file) => existsSync(join(root, file)))) return;
  await work();
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeFileSync(stamp, now);
}

/**
 * @param {string} root
 * @param {string} folder
 * @returns {string[]}
 */
function sourceFiles(root, folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((file) => join(folder, file))
    .filter((file) => file.endsWith('.ts') && !file.startsWith(GENERATED))
    .sort();
}
