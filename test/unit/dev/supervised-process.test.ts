import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { superviseProcess, type SupervisedProcess } from '../../../dev/stack/supervised-process';
import { eventually } from '../../../testing/eventually';

const folder = mkdtempSync(join(tmpdir(), 'paysaga-supervised-'));
let running: SupervisedProcess | undefined;
afterEach(() => running?.stop());
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Longer than the first pause before a restart. */
const PAUSE_MS = 600;

/** A process that ends with this code at once. */
function supervise(exitCode: number) {
  const script = join(folder, 'script.js');
  writeFileSync(script, `console.log('begins'); process.exit(${exitCode});`);
  const lines: string[] = [];
  const over: string[] = [];
  running = superviseProcess({
    script,
    env: process.env,
    pidFile: join(folder, 'script.pid'),
    log: (line) => void lines.push(line),
    restart: true,
    onOver: (reason) => void over.push(reason),
  });
  return { process: running, lines, over, starts: () => lines.filter((line) => line === 'begins').length };
}

it('a process that fails is started again', async () => {
  const { process, starts, over } = supervise(1);
  await eventually(() => expect(starts()).toBeGreaterThan(1), { deadlineMs: 10_000 });
  expect(process.isOver()).toBe(false);
  expect(over).toEqual([]);
});

it.each([
  { exitCode: 2, why: 'whose configuration is wrong', lacksItsPort: false },
  { exitCode: 3, why: 'whose port is taken', lacksItsPort: true },
])('a process $why is started once', async ({ exitCode, lacksItsPort }) => {
  const { process, lines, over, starts } = supervise(exitCode);
  await eventually(() => expect(process.isOver()).toBe(true), { deadlineMs: 10_000 });
  await delay(PAUSE_MS);
  expect(starts()).toBe(1);
  expect(lines).toContain(`ended: exit code ${exitCode}`);
  expect(over).toEqual([`exit code ${exitCode}`]);
  expect(process.lacksItsPort()).toBe(lacksItsPort);
});
