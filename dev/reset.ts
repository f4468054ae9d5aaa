import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Problem, runCommand } from './command';
import { DATA } from './os/files';
import { stopLeftovers } from './os/pid-file';
import { hasDocker, removeCompose } from './services/compose';
import { postgresData, postgresUser } from './services/postgres-install';
import { ownerOf } from './stack/stack-file';

void runCommand(async ({ log }) => {
  const owner = ownerOf(DATA);
  if (owner)
    throw new Problem(
      `A stack runs on this data (process ${owner.pid}): end it by Ctrl-C or \`kill ${owner.pid}\` first.`,
    );
  await stopLeftovers(join(DATA, 'pids'));
  if (await hasDocker()) await removeCompose(DATA);
  rmSync(postgresData(DATA, await postgresUser()), { recursive: true, force: true });
  rmSync(DATA, { recursive: true, force: true });
  log('The local data is removed; `npm start` creates it again.');
  return 0;
});
