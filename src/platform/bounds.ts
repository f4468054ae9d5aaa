import { z } from 'zod';
import { isStorable, isWithin, NOT_STORABLE, notWithin } from './values';

/** Bounds of the database's columns, for all values from outside: Kafka messages as well as HTTP requests. */

/** Text of 1 to `max` characters that PostgreSQL can store. Characters are Unicode code points, as in JSON Schema. */
export const text = (max: number) =>
  z
    .string()
    .refine((value) => isWithin(value, max), { error: notWithin(max), abort: true })
    .refine(isStorable, NOT_STORABLE);

/** The largest value of an `integer` column. */
const INT4_MAX = 2_147_483_647;

/** The version of an aggregate or of an event's data: 1, 2, 3 and so on. */
export const version = z.int().min(1).max(INT4_MAX);

const FIRST_INSTANT = Date.parse('0001-01-01T00:00:00.000Z');
const LAST_INSTANT = Date.parse('9999-12-31T23:59:59.999Z');
/** Whether PostgreSQL can store the year of a date. JavaScript and RFC 3339 have a year 0, PostgreSQL has none. */
export const hasYear = (value: string): boolean => !value.startsWith('0000');
/** The error of a date whose year cannot be stored. */
export const noYear = 'must be in the years 0001 to 9999';

/** Returns text that is not a time unchanged. The checks before have refused it. */
function inUtc(value: string): string {
  const ms = Date.parse(value);
  if (Number.isNaN(ms)) return value;
  return new Date(Math.min(Math.max(ms, FIRST_INSTANT), LAST_INSTANT)).toISOString();
}

/**
 * A time from outside, RFC 3339 with any offset. The result is in UTC, with milliseconds. A time whose offset moves it
 * outside the years that can be stored becomes the first or last storable time.
 */
export const instant = () =>
  z.iso
    .datetime({ offset: true, error: 'must be an RFC 3339 time such as 2026-11-21T09:30:00Z' })
    .refine(hasYear, { error: noYear, abort: true })
    .overwrite(inUtc);
