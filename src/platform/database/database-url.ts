/** What a database URL says beyond where the server is. */
export interface DatabaseUrl {
  /** The URL as the driver reads it: without what only we read. */
  readonly connectionString: string;
  /** `?schema=`; `public` by default. */
  readonly schema: string;
  /** `?options=`, for the server's command line. */
  readonly options: string;
}

/** Where the server is, and how to reach it: the driver reads these. */
const READ_BY_DRIVER: ReadonlySet<string> = new Set([
  ...['host', 'port', 'ssl', 'sslmode', 'sslcert', 'sslkey', 'sslrootcert', 'sslnegotiation', 'uselibpqcompat'],
]);
const INSTEAD: Readonly<Record<string, string>> = {
  connection_limit: 'the size of the pool is DATABASE_POOL_SIZE',
  application_name: 'each process sets its own name',
  pgbouncer: 'a pooler in transaction mode is DATABASE_POOLER=transaction',
};

/** Reads `schema` and `options` from a URL that `databaseUrlProblem` accepts. */
export function readDatabaseUrl(text: string): DatabaseUrl {
  const url = new URL(text);
  const { searchParams } = url;
  const schema = searchParams.get('schema') ?? 'public';
  const options = searchParams.get('options') ?? '';
  for (const name of ['schema', 'options']) searchParams.delete(name);
  return { connectionString: url.href, schema, options };
}

/** Finds what a database URL asks for that would be ignored. @returns a sentence, after the variable's name */
export function databaseUrlProblem(text: string): string | undefined {
  const { searchParams } = new URL(text);
  for (const [name, value] of searchParams) {
    if (READ_BY_DRIVER.has(name) || name === 'options') continue;
    if (name === 'schema') {
      // Lower case alone, so that a name means the same with quotes and without.
      if (!/^[a-z_][a-z0-9_]{0,62}$/.test(value))
        return `has schema=${value}, which must match [a-z_][a-z0-9_]*, 63 characters at most`;
    } else {
      const instead = INSTEAD[name];
      return `has the parameter ${name}, which nothing reads: remove it${instead ? ` (${instead})` : ''}`;
    }
  }
  return undefined;
}
