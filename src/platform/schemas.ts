import { z } from '@hono/zod-openapi';

/** The shapes that every slice's messages are made of. */

/** Ids that clients give. */
export const clientId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 characters of A-Z a-z 0-9 _ -')
  .openapi({ example: 'cus_demo' });

/** Text that Postgres can store: no control characters, no lone surrogates. */
export const text = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[^\p{Cc}\p{Cs}]+$/u, 'must not contain control characters');

/** Ids that we gave: opaque, so an unknown one is not found rather than malformed. */
export const opaqueId = text(64);

/** Minor units (cents), positive; far below what a double holds exactly. */
export const amount = z
  .int('must be a whole number of minor units')
  .min(1)
  .max(1_000_000_000_000)
  .openapi({ example: 9900 });

export const currency = z
  .string()
  .regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code')
  .openapi({ example: 'EUR' });

/** RFC 3339 in UTC. */
export const timestamp = z.string().openapi({ format: 'date-time', example: '2026-11-21T09:30:00.000Z' });

/** What the operator or client says about an act. */
export const reason = text(500);

export const pageQuery = {
  limit: z.coerce.number().pipe(z.int().min(1).max(200)).default(50),
  cursor: z.string().max(200).optional(),
};
