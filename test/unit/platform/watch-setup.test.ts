import type { Logger } from '../../../src/platform/logger';
import { SetupMissing, watchSetup } from '../../../src/platform/watch-setup';
import { eventually } from '../../../testing/eventually';
import { silentLogger } from '../../support/logger';

const missing = new SetupMissing('Kafka lacks the topic x', 'paysaga setup topics');
const within = { deadlineMs: 10_000 };

function world() {
  const lines: object[] = [];
  const note = (line: object, msg: string): void => void lines.push({ ...line, msg });
  const logger = { ...silentLogger, error: note, info: note } as unknown as Logger;
  const stopping = new AbortController();
  return { lines, logger, stopping, signal: stopping.signal };
}

it('waits for what is missing, logs it once with its command, and goes on when it is there', async () => {
  const { lines, logger, signal, stopping } = world();
  let isThere = false;
  let looks = 0;
  const topics = async (): Promise<void> => {
    looks += 1;
    if (!isThere) throw missing;
  };
  const setup = watchSetup({ checks: { topics }, logger, signal });
  let passed = false;
  const passing = setup.until('topics').then(() => (passed = true));
  await expect(setup.assert('topics')).rejects.toBe(missing);
  expect(setup.missing()).toEqual(['Kafka lacks the topic x: run `paysaga setup topics`']);
  await eventually(() => expect(looks).toBeGreaterThan(1), within);
  expect(passed).toBe(false);

  isThere = true;
  await passing;
  await setup.assert('topics');
  expect(setup.missing()).toEqual([]);
  expect(lines).toEqual([
    { missing: missing.message, command: 'paysaga setup topics', msg: 'setup.missing' },
    { part: 'topics', msg: 'setup.completed' },
  ]);
  stopping.abort();
});

it('does not wait for a service that does not answer, and finds later what is missing', async () => {
  const { logger, signal, stopping } = world();
  let isAway = true;
  const topics = async (): Promise<void> => {
    throw isAway ? new Error('ECONNREFUSED') : missing;
  };
  const setup = watchSetup({ checks: { topics }, logger, signal });
  await setup.until('topics');
  await setup.assert('topics');
  isAway = false;
  await eventually(() => expect(setup.missing()).toHaveLength(1), within);
  stopping.abort();
});

it('finds what is taken away later', async () => {
  const { logger, signal, stopping } = world();
  let isThere = true;
  const topics = async (): Promise<void> => {
    if (!isThere) throw missing;
  };
  const setup = watchSetup({ checks: { topics }, logger, signal, everyMs: 20 });
  await setup.until('topics');
  isThere = false;
  await eventually(() => expect(setup.missing()).toHaveLength(1), within);
  stopping.abort();
});

it('stops waiting when the process is told to stop', async () => {
  const { logger, signal, stopping } = world();
  const topics = (): Promise<void> => Promise.reject(missing);
  const waiting = watchSetup({ checks: { topics }, logger, signal }).until('topics');
  stopping.abort();
  await expect(waiting).rejects.toThrow('Stopped');
});
