import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Child, run, startChild } from '../../../dev/os/child';
import { fromRoot } from '../../../dev/os/files';
import { eventually } from '../../../testing/eventually';
import { dataFolder, givenServices } from '../../support/e2e-stack';
import { type InstalledLibrary, installLibrary } from '../../support/installed-library';
import { createNamespace } from '../../support/temporal';

let library: InstalledLibrary;
let worker: Child | undefined;
const { temporalAddress: address } = givenServices();
const env = { ...process.env, TEMPORAL_ADDRESS: address };

beforeAll(async () => {
  // The search attributes, as the example's README says.
  await createNamespace({ address, namespace: 'default' });
  library = await installLibrary(await mkdtemp(join(dataFolder(), 'trips-')), 'saga');
}, 120_000);
afterAll(async () => {
  await worker?.stop();
  if (library) await rm(library.folder, { recursive: true });
});

const node = (...args: string[]) => run(process.execPath, args, { cwd: library.folder, env });

test('the library loads neither HTTP, nor Kafka, nor a database client', async () => {
  const script = `require('paysaga/saga'); console.log(Object.keys(require.cache).join('\\n'))`;
  const { code, output } = await node('-e', script);
  expect(code).toBe(0);
  expect(output).toMatch(/@temporalio\/workflow/);
  expect(output).not.toMatch(/kafkajs|\/hono\/|@prisma|\/pg\/|dist\/activities|payment-saga/);
});

test('the library’s types contain no names of paysaga', async () => {
  const types = join(library.folder, 'node_modules', 'paysaga', 'dist', 'workflows', 'saga', 'index.d.ts');
  expect(await readFile(types, 'utf8')).not.toMatch(/activities'|Payment/);
});

test('the library’s types suffice for a service in TypeScript', async () => {
  await cp(fromRoot('examples', 'saga'), join(library.folder, 'sources'), { recursive: true });
  const flags = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--target', 'es2023', '--types', 'node'];
  const modules = ['--module', 'nodenext', '--moduleResolution', 'nodenext', '--skipLibCheck'];
  const files = (await readdir(join(library.folder, 'sources'))).filter((file) => file.endsWith('.ts'));
  const tsc = join('node_modules', 'typescript', 'bin', 'tsc');
  expect(await node(tsc, ...flags, ...modules, ...files.map((file) => join('sources', file)))).toEqual({
    code: 0,
    output: '',
  });
}, 120_000);

test('the kit proves a saga of another service, step by step', async () => {
  const { code, output } = await node('check.js');
  expect(code === 0 ? 'held' : output).toBe('held');
  const held = output.split('\n').filter((line) => line.startsWith('held: '));
  expect(held).toContain('held: book_hotel is refused');
  expect(held).toContain('held: take_money fails until its time is over');
  expect(held).toContain('held: book_hotel waits for the end of an outage');
  expect(held).toContain('held: take_money is refused, and each compensation waits for the end of an outage');
  expect(held).toHaveLength(3 + 4 + 3 + 3 + 4 + 1);
}, 120_000);

test('another service books a trip, or undoes it', async () => {
  worker = startChild({
    command: process.execPath,
    args: [join(library.folder, 'worker.js')],
    env,
    output: join(library.folder, 'worker.log'),
    pidFile: join(library.folder, 'worker.pid'),
  });
  const booked = await node('book.js', 'ada');
  expect(JSON.parse(booked.output)).toEqual({ flight_ref: 'seat_1', room_ref: 'room_2' });
  expect((await node('book.js', 'grace')).output).toMatch(
    /^book_hotel: Refused: no_room\. Everything before it was undone/,
  );
  await eventually(
    async () => {
      const log = await readFile(join(library.folder, 'worker.log'), 'utf8');
      expect(log).toMatch(/"saga_id":"trip-grace","state":"compensated"/);
    },
    { deadlineMs: 10_000 },
  );
}, 60_000);
