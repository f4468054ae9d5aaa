import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import type { SchemaEngine } from '@prisma/schema-engine-wasm';
import type { Pool } from 'pg';
import { createMigrationAdapter } from './migration-adapter';

/** Node has it, but its types come only with those of the browser. */
declare const WebAssembly: {
  instantiate(binary: Uint8Array, imports: object): Promise<{ instance: { exports: { __wbindgen_start(): void } } }>;
};

/** Prisma's schema engine on this pool, without the download that its command line makes. Free it after use. */
export async function createSchemaEngine(pool: Pool, schema: string): Promise<SchemaEngine> {
  const { SchemaEngine } = await (engineModule ??= instantiateEngine());
  const adapter = bindMigrationAwareSqlAdapterFactory(createMigrationAdapter(pool, schema));
  return SchemaEngine.new({ datamodels: undefined }, () => undefined, adapter);
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

/** The engine never clears its 10 s time-out for the lock: a program that only migrates would end that much later. */
function timersThatHoldNothing(glue: object): object {
  const names = Object.keys(glue).filter((name) => name.startsWith('__wbg_setTimeout_'));
  const unrefTimeout = (callback: () => void, ms: number): NodeJS.Timeout => setTimeout(callback, ms).unref();
  return Object.fromEntries(names.map((name) => [name, unrefTimeout]));
}
