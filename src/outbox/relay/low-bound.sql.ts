import type { Queryable } from '../../platform/database/queryable';

/** The highest id that any transaction has drawn so far, as text. */
export async function readHighestId(database: Queryable): Promise<string> {
  const [row] = await database.$queryRawUnsafe<{ highest: string }[]>(
    `SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('outbox', 'id')), 0)::text AS highest`,
  );
  return row?.highest ?? '0';
}

/**
 * The open transactions that may have drawn an id: an INSERT takes this lock before it draws one, and
 * its transaction keeps it to its end. (A snapshot's xmin is no such mark: an id is drawn before the
 * transaction has a number.)
 */
export async function readWriters(database: Queryable): Promise<Set<string>> {
  const rows = await database.$queryRawUnsafe<{ virtualtransaction: string }[]>(
    `SELECT DISTINCT virtualtransaction FROM pg_locks
     WHERE locktype = 'relation' AND relation = 'outbox'::regclass AND mode = 'RowExclusiveLock'
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );
  return new Set(rows.map(({ virtualtransaction }) => virtualtransaction));
}

/** By lane the lowest id from its bound on that is not above `highest`, else the one behind `highest`. */
export async function readLowestIds(
  database: Queryable,
  bounds: ReadonlyMap<number, string>,
  highest: string,
): Promise<Map<number, string>> {
  const rows = await database.$queryRawUnsafe<{ lane: number; lowest: string }[]>(
    `SELECT bound.lane::int, coalesce(
       (SELECT id FROM outbox WHERE outbox.lane BETWEEN bound.lane AND bound.lane AND id BETWEEN bound.low AND $3::bigint
        ORDER BY outbox.lane, id LIMIT 1), $3::bigint + 1)::text AS lowest
     FROM unnest($1::smallint[], $2::bigint[]) AS bound (lane, low)`,
    [...bounds.keys()],
    [...bounds.values()],
    highest,
  );
  return new Map(rows.map(({ lane, lowest }) => [lane, lowest]));
}
