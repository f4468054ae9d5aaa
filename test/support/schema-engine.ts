import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import {
  bindMigrationAwareSqlAdapterFactory,
  DriverAdapterError,
  type SqlMigrationAwareDriverAdapterFactory,
} from '@prisma/driver-adapter-utils';
import type { MigrationList, SchemaEngine } from '@prisma/schema-engine-wasm';
import { DatabaseError, Pool } from 'pg';
import { readDatabaseUrl } from '../../src/platform/database/database-url';
import { sessionConfig } from '../../src/platform/database/session';

/** Node has it, but its types come only with those of the browser. */
declare const WebAssembly: {
  instantiate(binary: Uint8Array, imports: object): Promise<{ instance: { exports: { __wbindgen_start(): void } } }>;
};

/** No table or enum is left out. */
export const filters = { externalTables: [], externalEnums: [] };

/** Works with the engine behind `prisma migrate` on a database, without the download that its command line makes. */
export async function withSchemaEngine<T>(url: string, work: (engine: SchemaEngine) => Promise<T>): Promise<T> {
  const { SchemaEngine } = await (engineModule ??= instantiateEngine());
  const pool = new Pool({ ...sessionConfig({ url, applicationName: 'paysaga-test-prisma' }), max: 1 });
  const adapter = bindMigrationAwareSqlAdapterFactory(adapterOf(pool, readDatabaseUrl(url).schema));
  const engine = await SchemaEngine.new({ datamodels: undefined }, () => undefined, adapter);
  try {
    return await work(engine);
  } finally {
    engine.free();
    // The engine leaves its lock to the end of the connection.
    await pool.end();
  }
}

/** A folder of migrations as Prisma's command line hands it to the engine. */
export const migrationList = (baseDir: string): MigrationList => ({
  baseDir,
  lockfile: { path: 'migration_lock.toml', content: 'provider = "postgresql"' },
  shadowDbInitScript: '',
  migrationDirectories: readdirSync(baseDir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort()
    .map((path) => {
      const value = readFileSync(join(baseDir, path, 'migration.sql'), 'utf8');
      return { path, migrationFile: { path: 'migration.sql', content: { tag: 'ok', value } } };
    }),
});

/** Sends scripts whole, as the downloaded engine does: `PrismaPg` cuts them at every semicolon, also in function bodies. */
function adapterOf(pool: Pool, schema: string): SqlMigrationAwareDriverAdapterFactory {
  const factory = new PrismaPg(pool, { schema });
  const executeScript = async (script: string): Promise<void> => {
    try {
      await pool.query(script);
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
      const { code = '', severity = '', message, detail, column, hint } = error;
      throw new DriverAdapterError({ kind: 'postgres', code, severity, message, detail, column, hint });
    }
  };
  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    connect: async () => Object.assign(await factory.connect(), { executeScript }),
    connectToShadowDb: () => factory.connectToShadowDb(),
  };
}

type EngineModule = typeof import('@prisma/schema-engine-wasm/schema_engine_bg');

/** Loaded once: the glue has room for one instance, and a second one would break the first. */
let engineModule: Promise<EngineModule> | undefined;

/** Bundlers load the `.wasm` by an import, Node does not: it is instantiated here, as the glue expects. */
async function instantiateEngine(): Promise<EngineModule> {
  const glue = await import('@prisma/schema-engine-wasm/schema_engine_bg');
  const file = createRequire(__filename).resolve('@prisma/schema-engine-wasm/schema_engine_bg');
  const binary = await readFile(file.replace(/\.js$/, '.wasm'));
  const imports = { ...glue, ...timersThatHoldNothing(glue) };
  const { instance } = await WebAssembly.instantiate(binary, { './schema_engine_bg.js': imports });
  glue.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
  return glue;
}

/** The engine never clears its 10 s time-out for the lock: the test run would end that much later. */
function timersThatHoldNothing(glue: object): object {
  const names = Object.keys(glue).filter((name) => name.startsWith('__wbg_setTimeout_'));
  const unrefTimeout = (callback: () => void, ms: number): NodeJS.Timeout => setTimeout(callback, ms).unref();
  return Object.fromEntries(names.map((name) => [name, unrefTimeout]));
}
