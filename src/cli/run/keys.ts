import { validationFailed } from '../../cqrs/pipeline';
import { newCredentials } from '../../http/api-keys';
import { assertNotRevoked, assertRotatable, keyAct, type KeyResponse, keyResponse, newKey } from '../../keys/api-key';
import { assertInFuture, createKey, endOfGrace, getKey, listKeys, revokeKey, rotateKey } from '../../keys/keys';
import { systemClock } from '../../platform/timing';
import { configureKeys } from '../configure';
import { asDatabaseOperator, type Send } from '../operator';
import { type ActOptions, type OptionalReason, type PageOptions, UsageError } from '../options';
import { complain, say, sayJson, table } from '../output';

/** The options of an act on a key. */
export type KeyActOptions = OptionalReason;

/** The options of `paysaga keys create`. */
export interface CreateOptions extends KeyActOptions {
  readonly role: KeyResponse['role'];
  readonly customer?: string;
  readonly expiresAt?: string;
  readonly label?: string;
}

const HEADINGS = ['KEY', 'ROLE', 'CUSTOMER', 'LABEL', 'CREATED', 'LAST USED', 'EXPIRES', 'REVOKED'];

/** Prints a page of keys. */
export async function list({ json, ...page }: PageOptions): Promise<void> {
  const { data, next_cursor } = await asDatabaseOperator(undefined, (send) => send(listKeys(page)));
  if (json) return sayJson({ data, next_cursor });
  if (data.length === 0) return say('There are no keys.');
  const rows = data.map((key) => [
    key.key_id,
    key.role,
    key.customer_id,
    key.label,
    key.created_at,
    key.last_used_at,
    key.expires_at,
    key.revoked_at,
  ]);
  say(table(HEADINGS, rows));
  if (next_cursor !== null) say(`\nThere are more: --cursor ${next_cursor}`);
}

/** Creates a key and prints it, or prints what would be created. @throws UsageError, Refusal `validation_failed` */
export async function create({ reason, actor, dryRun, json, ...options }: CreateOptions): Promise<void> {
  const wanted = wantedKey(options);
  if (dryRun) {
    assertInFuture(wanted.expires_at, systemClock());
    if (json) return sayJson({ dry_run: true, ...wanted });
    return say(`Would create a ${wanted.role} key. Nothing was done.`);
  }
  const { keyId, key, hash } = newCredentials();
  const command = createKey({ ...wanted, key_id: keyId, hash, reason });
  const created = await asDatabaseOperator(actor, (send) => send(command));
  if (json) sayJson({ ...created, key });
  else say(key);
}

/** Checks the options of a new key. @throws UsageError, Refusal `validation_failed` */
function wantedKey({ role, customer, expiresAt, label }: Omit<CreateOptions, keyof ActOptions>) {
  if (role === 'customer' && customer === undefined) throw new UsageError('A customer key needs --customer <id>.');
  if (role !== 'customer' && customer !== undefined) throw new UsageError('--customer is for --role customer.');
  const parsed = newKey.safeParse({ role, customer_id: customer, expires_at: expiresAt, label });
  if (!parsed.success) throw validationFailed(parsed.error.issues);
  return parsed.data;
}

/** Revokes a key, or prints what would be revoked. */
export async function revoke(id: string, { reason, actor, dryRun, json }: KeyActOptions): Promise<void> {
  const key = await asDatabaseOperator(actor, async (send) => {
    if (!dryRun) return send(revokeKey({ id, ...keyAct.parse({ reason }) }));
    const seen = await find(send, id);
    assertNotRevoked(seen);
    return seen.key;
  });
  if (json) return sayJson(dryRun ? { dry_run: true, ...key } : key);
  const what = `key ${key.key_id} (${key.role}${key.label === null ? '' : `, ${key.label}`})`;
  if (dryRun) say(`Would revoke ${what}. Nothing was done.`);
  else say(`Revoked ${what}. Every process refuses it within 5 seconds.`);
}

/** Replaces a key. Prints only the new key to stdout, for scripts, and the old key's expiry to stderr. */
export async function rotate(id: string, { reason, actor, dryRun, json }: KeyActOptions): Promise<void> {
  if (dryRun) return previewRotation(id, json);
  const { keyId, key, hash } = newCredentials();
  const command = rotateKey({ id, key_id: keyId, hash, ...keyAct.parse({ reason }) });
  const { created, replaced } = await asDatabaseOperator(actor, (send) => send(command));
  if (json) return sayJson({ ...created, key });
  say(key);
  complain(`The old key ${replaced.key_id} works until ${replaced.expires_at}.`);
}

async function previewRotation(id: string, json = false): Promise<void> {
  const seen = await asDatabaseOperator(undefined, (send) => find(send, id));
  const now = systemClock();
  assertRotatable(seen, now);
  const expires_at = endOfGrace(seen.expires_at, now, configureKeys().rotationGraceMs);
  if (json) return sayJson({ dry_run: true, ...seen.key, expires_at });
  say(`Would replace key ${id}, which would work until ${expires_at}. Nothing was done.`);
}

/** Reads a key. Its public form is in `key`. */
async function find(send: Send, id: string) {
  const row = await send(getKey({ id }));
  return { ...row, key: keyResponse.parse(row) };
}
