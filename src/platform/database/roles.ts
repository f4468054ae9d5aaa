import type { Client } from 'pg';
import { wait } from '../timing';
import { inOneTransaction, withConnection } from './connection';
import { sqlState } from './database-error';
import { readDatabaseUrl } from './database-url';
import { sessionConfig } from './session';

/** Privileges by role, as `GRANT` writes them. */
export type Grants<Role extends string> = Readonly<Partial<Record<Role, string>>>;

/** Group roles and their privileges in a database. */
export interface RoleGrants<Role extends string = string> {
  /** Group roles. They cannot log in; users are their members. */
  readonly roles: readonly Role[];
  /** The privileges on every table, by the table's name. */
  readonly tables: Readonly<Record<string, Grants<Role>>>;
  readonly sequences: Readonly<Record<string, Grants<Role>>>;
  /** The privileges on functions, by name and argument types. */
  readonly functions: Readonly<Record<string, Grants<Role>>>;
}

/** The options of {@link applyRoles}. */
export interface ApplyRolesOptions {
  /** The URL of the tables' owner, who may create missing roles. */
  readonly databaseUrl: string;
  readonly grants: RoleGrants;
}

/** Roles are missing, and this user may not create them. The message says who can, and how. */
export class RolesMissing extends Error {
  override readonly name = 'RolesMissing';
}

/** Roles belong to the cluster, so another database's setup may change the same rows at the same time. */
const TRIES = 10;
const RETRY_MS = 100;
/** A row or role that another session has just created, or "tuple concurrently updated". */
const CONCURRENT = /^(23505|42710|XX000|40001|40P01)$/;

/**
 * Creates the missing group roles and gives each exactly its privileges, in one transaction. Running processes lose no
 * privilege meanwhile. Safe to repeat, and needed after each migration, because a new table has no grants.
 *
 * @returns the names of the created roles
 * @throws RolesMissing when roles are missing and this user may not create them
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

/** Returns the statements that revoke every privilege of the roles and grant the given ones. */
export function grantStatements({ roles, tables, sequences, functions }: RoleGrants, schema: string): string[] {
  const everyone = roles.join(', ');
  const objects = Object.entries({ TABLE: tables, SEQUENCE: sequences, FUNCTION: functions }).flatMap(([kind, all]) =>
    Object.entries(all).map(([name, granted]) => ({ object: `${kind} ${schema}.${name}`, granted })),
  );
  return [
    // Before version 15, PostgreSQL lets everyone create objects in `public`.
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
