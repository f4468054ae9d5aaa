import { readFile } from 'node:fs/promises';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { filters, withSchemaEngine } from '../../support/schema-engine';

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.close());

/** The SQL by which Prisma would make the database of this schema. */
const sqlOf = (schema: string): Promise<string> =>
  withSchemaEngine(test.url, async (engine) => {
    const { stdout } = await engine.diff({
      from: { tag: 'empty' },
      to: { tag: 'schemaDatamodel', files: [{ path: 'schema.prisma', content: schema }] },
      script: true,
      exitCode: null,
      filters,
    });
    return stdout ?? '';
  });

/** Columns, unique and plain indexes and foreign keys of a schema: all that both languages can say. */
const describeTables = (schema: string): Promise<unknown[]> =>
  test.query(
    `SELECT * FROM (SELECT table_name AS "table", 'column ' || column_name || ' ' || udt_name || ' '
       || coalesce(character_maximum_length, datetime_precision, 0) || ' ' || is_nullable AS what
     FROM information_schema.columns WHERE table_schema = $1
     UNION ALL
     SELECT t.relname, CASE WHEN indisunique THEN 'unique ' ELSE 'index ' END
       || replace(regexp_replace(pg_get_indexdef(indexrelid), '^.* USING | WITH \\(.*\\)$', '', 'g'), '"', '')
     FROM pg_index JOIN pg_class t ON t.oid = indrelid JOIN pg_namespace n ON n.oid = t.relnamespace
     WHERE n.nspname = $1 AND indpred IS NULL
     UNION ALL
     SELECT t.relname, replace(replace(pg_get_constraintdef(c.oid), $1 || '.', ''), '"', '')
     FROM pg_constraint c JOIN pg_class t ON t.oid = conrelid JOIN pg_namespace n ON n.oid = c.connamespace
     WHERE n.nspname = $1 AND contype IN ('p', 'f')) described
     WHERE "table" <> '_prisma_migrations' ORDER BY 1, 2`,
    schema,
  );

async function describeByPrisma(into: string, prismaSchema: string): Promise<unknown[]> {
  const sql = (await sqlOf(prismaSchema)).replace(/CREATE SCHEMA [^;]*;/, '').replaceAll('"public".', '');
  await test.query(`CREATE SCHEMA ${into}`);
  await test.query(`SET search_path = ${into}`);
  await test.query(sql);
  await test.query('SET search_path = public');
  return describeTables(into);
}

it('has migrations and schema.prisma that describe the same database', async () => {
  const schema = await readFile('prisma/schema.prisma', 'utf8');
  const described = await describeByPrisma('of_prisma', schema);
  expect(described.length).toBeGreaterThan(100);
  expect(await describeTables('public')).toEqual(described);
});

it('would notice a column that only schema.prisma has', async () => {
  const schema = await readFile('prisma/schema.prisma', 'utf8');
  const described = await describeByPrisma(
    'changed',
    schema.replace('model Fault {', 'model Fault {\n  forgotten String?'),
  );
  expect(await describeTables('public')).not.toEqual(described);
});
