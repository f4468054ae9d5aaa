import { z } from '@hono/zod-openapi';
import { hasYear, instant as storableInstant, noYear, text as storableText, version } from './bounds';

export { version };

/** The shapes that every slice's messages are made of, with the bounds of the columns that keep them. */

/** Ids that clients give. */
export const clientId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 characters of A-Z a-z 0-9 _ -')
  .openapi({ example: 'cus_demo' });

/** The same for readers of the document: without a flag, and without surrogates, which most regex engines do not know. */
const STORABLE_PATTERN = '^[^\\u0000-\\u001f\\u007f-\\u009f]+$';

/** {@link storableText}, with its bounds in the document. */
export const text = (max: number) =>
  storableText(max).openapi({ minLength: 1, maxLength: max, pattern: STORABLE_PATTERN });

/** Ids that we gave: opaque, so an unknown one is not found rather than malformed. */
export const opaqueId = text(64);

/** A saga's id: its kind, the id of what it is about, and which one of that it is. */
export const sagaId = text(100);

/** Minor units (cents), positive; far below what a double and a bigint hold exactly. */
export const amount = z
  .int('must be a whole number of minor units')
  .min(1)
  .max(1_000_000_000_000)
  .openapi({ example: 9900 });

/** A product's. */
export const sku = text(64);

/** The id that a provider or carrier gave to what it did for us. */
export const outsideId = text(500);

/** How many of a product. */
export const quantity = z.int().min(1).max(10_000);

export const currency = z
  .string()
  .regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code')
  .openapi({ example: 'EUR' });

/** RFC 3339 in UTC, as we write it. */
export const timestamp = z.string().openapi({ format: 'date-time', example: '2026-11-21T09:30:00.000Z' });

/** {@link storableInstant}, with its form in the document. */
export const instant = storableInstant().openapi({
  format: 'date-time',
  pattern: '^(?!0000)\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?(Z|[+-]\\d\\d:\\d\\d)$',
  example: '2026-11-21T09:30:00.000Z',
});

/** A day that others give. */
export const day = z.iso
  .date('must be a day such as 2026-11-21')
  .refine(hasYear, noYear)
  .openapi({ format: 'date', pattern: '^(?!0000)\\d{4}-\\d\\d-\\d\\d$', example: '2026-11-21' });

/** What the operator or client says about an act. */
export const reason = text(500);

/** Why something happened, in a sentence of ours or of theirs. */
export const explanation = text(2_000);

const WHOLE_NUMBER = /^\d{1,15}$/;

/** A whole number of a query, which is text there. Nothing else that JavaScript takes for a number is one. */
export const queryNumber = <Schema extends z.ZodType<number>>(schema: Schema) =>
  z.preprocess((value) => (typeof value === 'string' && WHOLE_NUMBER.test(value) ? Number(value) : value), schema);

export const pageQuery = {
  limit: queryNumber(z.int().min(1).max(200)).default(50),
  cursor: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,1000}$/, 'is not a cursor of this list')
    .optional()
    .openapi({ description: 'The `next_cursor` of the page before, as it came.' }),
};
