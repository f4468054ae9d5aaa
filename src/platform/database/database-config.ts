import { z } from 'zod';
import { databaseUrl, flag, integer } from '../config-values';

/** The environment variables of the database. */
export const databaseVariables = {
  DATABASE_URL: databaseUrl.describe(
    'PostgreSQL, as `postgresql://user:password@host:port/database`. `?schema=` names the schema.',
  ),
  DATABASE_POOL_SIZE: integer(1, 200)
    .default(10)
    .describe('Connections of one process. Relays, sweepers and probes have a few more.'),
  DATABASE_POOLER: z
    .enum(['none', 'transaction'])
    .default('none')
    .describe('`transaction` for PgBouncer in its transaction mode.'),
  DATABASE_DIRECT_URL: databaseUrl.optional().describe('PostgreSQL past the pooler, for LISTEN and migrations.'),
  DATABASE_PREPARED_STATEMENTS: flag
    .optional()
    .describe('Whether prepared statements have names. Defaults to true without a pooler, and to false with one.'),
};

type Variables = z.infer<z.ZodObject<typeof databaseVariables>>;

/** Reports variables that exclude or need each other. */
export function checkDatabase(env: Variables, complain: (name: string, message: string) => void): void {
  const hasOptions = new URL(env.DATABASE_URL).searchParams.has('options');
  if (env.DATABASE_POOLER === 'none') {
    if (env.DATABASE_DIRECT_URL !== undefined) {
      complain(
        'DATABASE_DIRECT_URL',
        'is for DATABASE_POOLER=transaction: without a pooler every connection is direct',
      );
    }
  } else if (env.DATABASE_DIRECT_URL === undefined) {
    complain('DATABASE_POOLER', 'needs DATABASE_DIRECT_URL: LISTEN and migrations need a session, past the pooler');
  } else if (hasOptions) {
    complain('DATABASE_URL', 'has options, which a pooler does not pass on: set them for the user, by ALTER ROLE');
  }
}

/** Turns the variables into the database's configuration. */
export const databaseConfig = (env: Variables & { readonly NODE_ENV: string }) => ({
  url: env.DATABASE_URL,
  /** The URL past the pooler, for LISTEN, NOTIFY and migrations. */
  directUrl: env.DATABASE_DIRECT_URL ?? env.DATABASE_URL,
  pooled: env.DATABASE_POOLER === 'transaction',
  preparedStatements: env.DATABASE_PREPARED_STATEMENTS ?? env.DATABASE_POOLER === 'none',
  poolSize: env.DATABASE_POOL_SIZE,
  checkNesting: env.NODE_ENV !== 'production',
});

/** The configuration of the database. */
export type DatabaseConfig = ReturnType<typeof databaseConfig>;
