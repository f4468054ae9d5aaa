import { PrismaPg } from '@prisma/adapter-pg';
import { DriverAdapterError, type SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import { DatabaseError, type Pool } from 'pg';

/**
 * Prisma's adapter for the schema engine, but with scripts sent whole: `PrismaPg` cuts them at every
 * semicolon, also inside comments, strings and function bodies. Whole, PostgreSQL runs a script as one
 * transaction, so a migration applies entirely or not at all.
 */
export function createMigrationAdapter(pool: Pool, schema: string): SqlMigrationAwareDriverAdapterFactory {
  const factory = new PrismaPg(pool, { schema });

  async function executeScript(script: string): Promise<void> {
    try {
      await pool.query(script);
    } catch (error) {
      throw error instanceof DatabaseError ? asAdapterError(error) : error;
    }
  }

  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    connect: async () => Object.assign(await factory.connect(), { executeScript }),
    connectToShadowDb: () => factory.connectToShadowDb(),
  };
}

function asAdapterError(error: DatabaseError): DriverAdapterError {
  return new DriverAdapterError({
    kind: 'postgres',
    code: error.code ?? 'N/A',
    severity: error.severity ?? 'ERROR',
    message: error.message,
    detail: error.detail,
    column: error.column,
    hint: error.hint,
  });
}
