import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../../dev/os/child';
import { fromRoot } from '../../../dev/os/files';
import { createProgram } from '../../../src/cli/program';
import { packageVersion } from '../../../src/platform/package-root';

const HEAVY = /node_modules\/(@prisma|@temporalio|kafkajs|zod|hono|@hono|pino|pg|stripe)\//;

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'paysaga-help-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** The built program without any settings. @returns also the files that it loaded */
async function paysaga(...args: string[]) {
  const file = join(directory, 'loaded.json');
  const hook = ['--require', fromRoot('test', 'support', 'loaded-modules.cjs')];
  const env = { PATH: process.env.PATH, LOADED_MODULES: file };
  const ended = await run(process.execPath, [...hook, fromRoot('dist', 'src', 'cli.js'), ...args], { env });
  return { ...ended, loaded: JSON.parse(await readFile(file, 'utf8')) as string[] };
}

it('notices heavy modules that a command loads', async () => {
  const { loaded } = await paysaga('outbox', 'ls');
  expect(loaded.some((path) => HEAVY.test(path))).toBe(true);
});

it.each([
  ['--help', 'Usage: paysaga '],
  ['--version', `${packageVersion}\n`],
])('%s loads no client and no schema', async (option, printed) => {
  const { code, output, loaded } = await paysaga(option);
  expect([code, output]).toEqual([0, expect.stringContaining(printed)]);
  expect(loaded.filter((path) => HEAVY.test(path))).toEqual([]);
});

const absent = () => Promise.reject(new Error('No command runs here.'));
const names = createProgram({ serve: absent, outlines: absent }).commands.map((command) => command.name());

it('the help of every command loads no client and no schema', async () => {
  expect(names).toContain('keys');
  for (const name of names) {
    const { code, output, loaded } = await paysaga(name, '--help');
    expect([code, output]).toEqual([0, expect.stringContaining(`Usage: paysaga ${name}`)]);
    expect(loaded.filter((path) => HEAVY.test(path))).toEqual([]);
  }
}, 120_000);

it.each([
  ['an unknown command', ['drop'], 'drop'],
  ['an unknown option', ['--nothing'], '--nothing'],
  ['a missing argument', ['serve'], 'process'],
  ['a wrong choice', ['serve', 'database'], 'api, worker, consumer'],
])('ends with 2 and says why: %s', async (_, args, why) => {
  const { code, output, loaded } = await paysaga(...args);
  expect([code, output]).toEqual([2, expect.stringContaining(why)]);
  expect(loaded.filter((path) => HEAVY.test(path))).toEqual([]);
});
