import { z } from '@hono/zod-openapi';
import { hasYear, instant as storableInstant, noYear, text as storableText, version } from './bounds';

/** The version of an aggregate, with the bounds of its column. */
export { version };

/** Schemas of values in messages and HTTP bodies, with the bounds of the database's columns. */

/** An id that a client gives. */
export const clientId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 characters of A-Z a-z 0-9 _ -')
  .openapi({ example: 'cus_demo' });

/** The same for readers of the OpenAPI document: most regex engines know neither the flag nor surrogates. */
const STORABLE_PATTERN = '^[^\\u0000-\\u001f\\u007f-\\u009f]+$';

/** {@link storableText}, with its bounds in the OpenAPI document. */
export const text = (max: number) =>
  storableText(max).openapi({ minLength: 1, maxLength: max, pattern: STORABLE_PATTERN });

/** An id that the service gave. It is opaque, so an unknown id is not found rather than malformed. */
export const opaqueId = text(64);

/** The id of a saga: its type, the id of its payment or order, and a number from the second saga on. */
export const sagaId = text(100);

/** A positive amount in minor units (cents), within what JavaScript and PostgreSQL count exactly. */
export const amount = z
  .int('must be a whole number of minor units')
  .min(1)
  .max(1_000_000_000_000)
  .openapi({ example: 9900 });

/** The SKU of a product. */
export const sku = text(64);

/** The id that a provider or carrier gave to a charge, refund or booking. */
export const outsideId = text(500);

/** The quantity of a product. */
export const quantity = z.int().min(1).max(10_000);

/** A currency code of ISO 4217. */
export const currency = z
  .string()
  .regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code')
  .openapi({ example: 'EUR' });

/** A time as the service writes it: RFC 3339 in UTC. */
export const timestamp = z.string().openapi({ format: 'date-time', example: '2026-11-21T09:30:00.000Z' });

/** {@link storableInstant}, with its format in the OpenAPI document. */
export const instant = storableInstant().openapi({
  format: 'date-time',
  pattern: '^(?!0000)\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?(Z|[+-]\\d\\d:\\d\\d)$',
  example: '2026-11-21T09:30:00.000Z',
});

/** A day from outside. */
export const day = z.iso
  .date('must be a day such as 2026-11-21')
  .refine(hasYear, noYear)
  .openapi({ format: 'date', pattern: '^(?!0000)\\d{4}-\\d\\d-\\d\\d$', example: '2026-11-21' });

/** An operator's or client's reason for an action. */
export const reason = text(500);

/** A sentence on why something happened, of this service or another party. */
export const explanation = text(2_000);

const WHOLE_NUMBER = /^\d{1,15}$/;

/** A whole number of a query, which is text there. Nothing else that JavaScript takes for a number is one. */
export const queryNumber = <Schema extends z.ZodType<number>>(schema: Schema) =>
  z.preprocess((value) => (typeof value === 'string' && WHOLE_NUMBER.test(value) ? Number(value) : value), schema);

/** The query parameters of a list that is read by pages. */
export const pageQuery = {
  limit: queryNumber(z.int().min(1).max(200)).default(50),
  cursor: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,1000}$/, 'is not a cursor of this list')
    .optional()
    .openapi({ description: 'The `next_cursor` of the page before, unchanged.' }),
};
