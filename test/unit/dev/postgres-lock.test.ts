import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeStaleLock } from '../../../dev/services/postgres';

let data: string;
let lock: string;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'paysaga-lock-'));
  lock = join(data, 'postmaster.pid');
});
afterEach(() => rmSync(data, { recursive: true }));

const writeLock = (pid: number | undefined): void => writeFileSync(lock, `${pid}\n${data}\n1700000000\n5432\n`);

it('removes the lock of a killed server whose pid another live program has now', () => {
  writeLock(process.pid);
  removeStaleLock(data);
  expect(existsSync(lock)).toBe(false);
});

it('keeps the lock of a server that runs on this data folder', async () => {
  const server = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)', '--', '-D', data]);
  try {
    await once(server, 'spawn');
    writeLock(server.pid);
    removeStaleLock(data);
    expect(existsSync(lock)).toBe(true);
  } finally {
    server.kill('SIGKILL');
    await once(server, 'exit');
  }
});

it('does nothing where there is no lock', () => {
  expect(() => removeStaleLock(data)).not.toThrow();
});
