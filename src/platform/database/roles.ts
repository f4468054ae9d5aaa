import type { Client } from 'pg';
import { wait } from '../timing';
import { inOneTransaction, withConnection } from './connection';
import { sqlState } from './database-error';
import { readDatabaseUrl } from './database-url';
import { sessionConfig } from './session';

/** Privileges as `GRANT` writes them, by role. */
export type Grants<Role extends string> = Readonly<Partial<Record<Role, string>>>;

export interface RoleGrants<Role extends string = string> {
  /** Group roles: they cannot log in, users are made members of them. */
  readonly roles: readonly Role[];
  /** Every table that the roles are to be kept from or let to, by name. */
  readonly tables: Readonly<Record<string, Grants<Role>>>;
  readonly sequences: Readonly<Record<string, Grants<Role>>>;
  /** By name and argument types. */
  readonly functions: Readonly<Record<string, Grants<Role>>>;
}

export interface ApplyRolesOptions {
  /** As the owner of the tables, who may create roles if these are missing. */
  readonly databaseUrl: string;
  readonly grants: RoleGrants;
}

/** The roles are missing, and this user may not create them; the message says who can, and how. */
export class RolesMissing extends Error {
  override readonly name = 'RolesMissing';
}

/** Roles belong to the cluster: another database's set-up may change the same rows at the same time. */
const TRIES = 10;
const RETRY_MS = 100;
/** A row that is there now, a role that is there now, "tuple concurrently updated". */
const CONCURRENT = /^(23505|42710|XX000|40001|40P01)$/;

/**
 * Makes the group roles that are missing, and gives each exactly its privileges, in one transaction: a process that runs
 * meanwhile misses none. May be repeated, and must be after each migration, because a new table has no grants.
 *
 * @returns the names of the roles that were made now
 * @throws RolesMissing when some are missing and this user may not create them
 */
export async function applyRoles({ databaseUrl, grants }: ApplyRolesOptions): Promise<string[]> {
  const config = sessionConfig({ url: databaseUrl, applicationName: 'paysaga-roles' });
  return withConnection(config, async (client) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await inOneTransaction(client, () => apply(client, grants, readDatabaseUrl(databaseUrl).schema));
      } catch (error) {
        if (attempt === TRIES || !CONCURRENT.test(sqlState(error) ?? '')) throw error;
        await wait(RETRY_MS);
      }
    }
  });
}

async function apply(client: Client, grants: RoleGrants, schema: string): Promise<string[]> {
  const missing = await missingRoles(client, grants.roles);
  if (missing.length > 0) {
    if (!(await mayCreateRoles(client))) throw new RolesMissing(await whatToDo(client, missing));
    for (const role of missing) await client.query(`CREATE ROLE ${role} NOLOGIN`);
  }
  await client.query(grantStatements(grants, schema).join(';\n'));
  return missing;
}

/** The statements that take every privilege from the roles, and give them theirs. */
export function grantStatements({ roles, tables, sequences, functions }: RoleGrants, schema: string): string[] {
  const everyone = roles.join(', ');
  const objects = Object.entries({ TABLE: tables, SEQUENCE: sequences, FUNCTION: functions }).flatMap(([kind, all]) =>
    Object.entries(all).map(([name, granted]) => ({ object: `${kind} ${schema}.${name}`, granted })),
  );
  return [
    // PostgreSQL before 15 lets everyone create objects in `public`.
    `REVOKE CREATE ON SCHEMA ${schema} FROM PUBLIC`,
    `REVOKE ALL ON SCHEMA ${schema} FROM ${everyone}`,
    `GRANT USAGE ON SCHEMA ${schema} TO ${everyone}`,
    ...objects.map(({ object }) => `REVOKE ALL ON ${object} FROM PUBLIC, ${everyone}`),
    ...objects.flatMap(({ object, granted }) =>
      Object.entries(granted).map(([role, privileges]) => `GRANT ${privileges} ON ${object} TO ${role}`),
    ),
  ];
}

async function missingRoles(client: Client, roles: readonly string[]): Promise<string[]> {
  const { rows } = await client.query<{ role: string }>(
    'SELECT role FROM unnest($1::text[]) AS role WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role)',
    [roles],
  );
  return rows.map(({ role }) => role);
}

async function mayCreateRoles(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ may: boolean }>(
    'SELECT rolsuper OR rolcreaterole AS may FROM pg_roles WHERE rolname = current_user',
  );
  return rows[0]?.may === true;
}

async function whatToDo(client: Client, missing: readonly string[]): Promise<string> {
  const { rows } = await client.query<{ user: string }>('SELECT current_user AS user');
  return [
    `The roles ${missing.join(', ')} are missing, and ${rows[0]?.user} may not create them. Let a superuser run`,
    ...missing.map((role) => `  CREATE ROLE ${role} NOLOGIN;`),
    'and then run `paysaga setup database`.',
  ].join('\n');
}
