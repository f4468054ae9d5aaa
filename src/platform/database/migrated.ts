import { SetupMissing } from '../watch-setup';
import { sqlState } from './database-error';
import { MIGRATIONS, migrationNames } from './migrate';
import type { Queryable } from './statements';

const SETUP_DATABASE = 'paysaga setup database';
/** The SQLSTATEs of a missing table or schema. */
const NOT_THERE = /^(42P01|3F000)$/;
const NAMED = 3;
/** The names are read once, because they do not change while a process runs. */
let migrations: Promise<string[]> | undefined;

/**
 * Checks that the database has every migration of this version. A newer database passes, because old and new processes
 * share it during a deployment.
 *
 * @throws SetupMissing when migrations are missing
 */
export async function assertMigrated(database: Queryable): Promise<void> {
  const needed = await (migrations ??= migrationNames(MIGRATIONS));
  const applied = new Set(await appliedMigrations(database));
  const missing = needed.filter((name) => !applied.has(name));
  if (missing.length === 0) return;
  if (missing.length === needed.length) throw new SetupMissing('the database is not migrated', SETUP_DATABASE);
  const more = missing.length > NAMED ? ` and ${missing.length - NAMED} more` : '';
  throw new SetupMissing(
    `the database is older than this version: it lacks ${missing.slice(0, NAMED).join(', ')}${more}`,
    SETUP_DATABASE,
  );
}

async function appliedMigrations(database: Queryable): Promise<string[]> {
  try {
    const rows = await database.$queryRawUnsafe<{ name: string }[]>(
      `SELECT migration_name AS name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL`,
    );
    return rows.map(({ name }) => name);
  } catch (error) {
    const state = sqlState(error) ?? '';
    if (state === '42501') {
      throw new SetupMissing('the role of this process lacks its privileges in the database', SETUP_DATABASE);
    }
    if (NOT_THERE.test(state)) return [];
    throw error;
  }
}
