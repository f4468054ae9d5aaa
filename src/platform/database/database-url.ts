/** The parts of a database URL that the service reads itself. */
export interface DatabaseUrl {
  /** The URL for the driver, without the parameters that only the service reads. */
  readonly connectionString: string;
  /** The parameter `schema`. Defaults to `public`. */
  readonly schema: string;
  /** The parameter `options`, for the server's command line. */
  readonly options: string;
}

/** The parameters that the driver reads: where the server is, and how to connect. */
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

/**
 * Finds a parameter of a database URL that would be ignored. @returns the end of a sentence that begins with the
 * variable's name
 */
export function databaseUrlProblem(text: string): string | undefined {
  const { searchParams } = new URL(text);
  for (const [name, value] of searchParams) {
    if (READ_BY_DRIVER.has(name) || name === 'options') continue;
    if (name === 'schema') {
      // Only lower case, so that a name means the same with and without quotes.
      if (!/^[a-z_][a-z0-9_]{0,62}$/.test(value))
        return `has schema=${value}, which must match [a-z_][a-z0-9_]*, 63 characters at most`;
    } else {
      const instead = INSTEAD[name];
      return `has the parameter ${name}, which nothing reads: remove it${instead ? ` (${instead})` : ''}`;
    }
  }
  return undefined;
}
