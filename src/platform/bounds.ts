import { z } from 'zod';
import { isStorable, isWithin, NOT_STORABLE, notWithin } from './values';

/** What the columns can keep, for all that comes from outside: messages of Kafka as well as HTTP. */

/** Text that Postgres can store. Characters count, as in JSON Schema. */
export const text = (max: number) =>
  z
    .string()
    .refine((value) => isWithin(value, max), { error: notWithin(max), abort: true })
    .refine(isStorable, NOT_STORABLE);

/** What an `integer` column counts to. */
const INT4_MAX = 2_147_483_647;

/** An aggregate's version, or that of an event's data: 1, 2, 3… */
export const version = z.int().min(1).max(INT4_MAX);

const FIRST_INSTANT = Date.parse('0001-01-01T00:00:00.000Z');
const LAST_INSTANT = Date.parse('9999-12-31T23:59:59.999Z');
/** JavaScript and RFC 3339 have a year 0; Postgres has none. */
export const hasYear = (value: string): boolean => !value.startsWith('0000');
export const noYear = 'must be in the years 0001 to 9999';

/** What is no time stays what it is: the checks before have refused it. */
function inUtc(value: string): string {
  const ms = Date.parse(value);
  if (Number.isNaN(ms)) return value;
  return new Date(Math.min(Math.max(ms, FIRST_INSTANT), LAST_INSTANT)).toISOString();
}

/**
 * A time that others give, RFC 3339 with any offset; it becomes the same in UTC, to the millisecond. What its offset
 * takes past the first or last year that can be stored is taken for that end: nothing lies behind it.
 */
export const instant = () =>
  z.iso
    .datetime({ offset: true, error: 'must be an RFC 3339 time such as 2026-11-21T09:30:00Z' })
    .refine(hasYear, { error: noYear, abort: true })
    .overwrite(inUtc);
