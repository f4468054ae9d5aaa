import { z } from '@hono/zod-openapi';
import type { Role } from '../cqrs/message';
import { Refusal } from '../platform/refusal';
import { clientId, instant, reason, text, timestamp } from '../platform/schemas';

/** The roles of API keys. */
export const keyRole = z.enum(['customer', 'service', 'operator']) satisfies z.ZodType<Role>;

/** An API key in responses, without its secret. */
export const keyResponse = z
  .object({
    key_id: z.string().openapi({ example: 'key_0199f0c2a5b87c3e8d2f4b6a9c1e3d5f' }),
    role: keyRole,
    customer_id: z.string().nullable().openapi({ description: 'The customer whose data a customer key sees.' }),
    label: z.string().nullable(),
    expires_at: timestamp
      .nullable()
      .openapi({ description: 'The time from which the key is refused. Null if it does not expire.' }),
    created_at: timestamp,
    last_used_at: timestamp
      .nullable()
      .openapi({ description: 'The time of the last use, to the minute. Null if the key was never used.' }),
    revoked_at: timestamp.nullable(),
  })
  .openapi('ApiKey');
/** An API key in responses. */
export type KeyResponse = z.infer<typeof keyResponse>;

/** A new key with its secret, which no other response contains. */
export const newKeyResponse = keyResponse
  .extend({
    key: z.string().openapi({ description: 'Send it as `Authorization: Bearer <key>`. It is shown only once.' }),
  })
  .openapi('CreatedApiKey');

const newKeyShape = {
  role: keyRole,
  customer_id: clientId
    .optional()
    .openapi({ description: 'Required for the role `customer`. Not allowed for other roles.' }),
  expires_at: instant.optional().openapi({ description: 'Must be in the future. Defaults to never.' }),
  label: text(100).optional().openapi({ description: 'The purpose of the key.', example: 'shop backend' }),
};

interface Owned {
  readonly role: Role;
  readonly customer_id?: string | undefined;
}
const hasItsCustomer = ({ role, customer_id }: Owned): boolean => (role === 'customer') === (customer_id !== undefined);
const ownerMismatch = { path: ['customer_id'], error: 'is required for the role customer, and for no other' };

/** The body of a request for a new key. */
export const newKey = z
  .strictObject(newKeyShape)
  .refine(hasItsCustomer, ownerMismatch)
  .openapi('NewApiKey', {
    oneOf: [
      { properties: { role: { enum: ['customer'] } }, required: ['role', 'customer_id'] },
      { properties: { role: { enum: ['service', 'operator'] }, customer_id: { not: {} } }, required: ['role'] },
    ],
  });

/** The id and hash of a new key. See `newCredentials`. */
export const madeKey = { key_id: text(64), hash: text(64) };

/** The input of the command `CreateKey`. */
export const createKeyInput = z
  .strictObject({ ...newKeyShape, ...madeKey, reason: reason.optional() })
  .refine(hasItsCustomer, ownerMismatch);

/** The body of a request that changes a key. */
export const keyAct = z.strictObject({ reason: reason.optional() }).openapi('ApiKeyAct');

/** A row of `api_key`. Its times are dates from Prisma or strings from JSON. */
export interface KeyRow {
  readonly key_id: string;
  readonly role: string;
  readonly customer_id: string | null;
  readonly label: string | null;
  readonly expires_at: Date | string | null;
  readonly created_at: Date | string;
  readonly last_used_at: Date | string | null;
  readonly revoked_at: Date | string | null;
  readonly replaced_by: string | null;
}

const iso = (time: Date | string): string => new Date(time).toISOString();
const isoOrNull = (time: Date | string | null): string | null => (time === null ? null : iso(time));

/** Makes the response from a row. */
export const toKeyResponse = (row: KeyRow): KeyResponse => ({
  key_id: row.key_id,
  role: keyRole.parse(row.role),
  customer_id: row.customer_id,
  label: row.label,
  expires_at: isoOrNull(row.expires_at),
  created_at: iso(row.created_at),
  last_used_at: isoOrNull(row.last_used_at),
  revoked_at: isoOrNull(row.revoked_at),
});

/** Checks that a key is not revoked. @throws Refusal `key_revoked` */
export function assertNotRevoked({ key_id, revoked_at }: Pick<KeyRow, 'key_id' | 'revoked_at'>): void {
  if (revoked_at !== null) throw new Refusal('key_revoked', `Key ${key_id} was revoked at ${iso(revoked_at)}.`);
}

/** Checks that a key can be rotated. @throws Refusal `key_revoked`, `key_rotated`, `key_expired` */
export function assertRotatable(key: KeyRow, now: string): void {
  assertNotRevoked(key);
  const { key_id, replaced_by, expires_at } = key;
  if (replaced_by !== null) {
    throw new Refusal('key_rotated', `Key ${key_id} was rotated before: ${replaced_by} has replaced it.`);
  }
  if (expires_at !== null && iso(expires_at) <= now) {
    throw new Refusal('key_expired', `Key ${key_id} expired at ${iso(expires_at)}. Create another key.`);
  }
}

/** The refusal for an unknown key. */
export const keyNotFound = (id: string): Refusal =>
  new Refusal('key_not_found', `There is no key ${id}. GET /admin/keys lists the keys.`);
