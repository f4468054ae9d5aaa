import { createTestDatabase, type TestDatabase } from '../../support/database';

const TABLES = ['audit_log', 'event', 'ledger_entry', 'ledger_transaction'];
const REFUSED = /table \w+ is append-only/;

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.close());

it('has these append-only tables, each with its trigger for TRUNCATE', async () => {
  const triggers = await test.query<{ table: string; statements: string[] }>(
    `SELECT event_object_table AS "table", array_agg(DISTINCT statement ORDER BY statement) AS statements
     FROM (SELECT relname AS event_object_table,
                  unnest(ARRAY[CASE WHEN tgtype & 8 > 0 THEN 'DELETE' END, CASE WHEN tgtype & 16 > 0 THEN 'UPDATE' END,
                               CASE WHEN tgtype & 32 > 0 THEN 'TRUNCATE' END]) AS statement
           FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
           WHERE tgfoid = 'refuse_change'::regproc) AS refused
     WHERE statement IS NOT NULL GROUP BY 1 ORDER BY 1`,
  );
  expect(triggers).toEqual(TABLES.map((table) => ({ table, statements: ['DELETE', 'TRUNCATE', 'UPDATE'] })));
});

it.each(TABLES)('refuses TRUNCATE of %s', async (table) => {
  await expect(test.query(`TRUNCATE ${table}`)).rejects.toThrow();
  await expect(test.query(`TRUNCATE ${table} CASCADE`)).rejects.toThrow(REFUSED);
  await expect(test.query(`TRUNCATE ${table} RESTART IDENTITY CASCADE`)).rejects.toThrow(REFUSED);
});

it('refuses TRUNCATE that reaches an append-only table by CASCADE alone', async () => {
  const cascade = `
    CREATE TABLE parent (id text PRIMARY KEY);
    ALTER TABLE event ADD COLUMN parent_id text REFERENCES parent;
    TRUNCATE parent CASCADE`;
  await expect(test.query(cascade)).rejects.toThrow('table event is append-only');
});
