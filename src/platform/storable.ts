const STORABLE = /^[^\p{Cc}\p{Cs}]+$/u;

/** Characters count, as in JSON Schema. */
export const isWithin = (value: string, max: number): boolean =>
  value.length > 0 && value.length <= 2 * max && [...value].length <= max;

/** Text that Postgres can store: no control characters, no lone surrogates. */
export const isStorable = (value: string): boolean => STORABLE.test(value);

export const notWithin = (max: number): string => `must be 1 to ${max} characters`;
export const NOT_STORABLE = 'must not contain control characters or halves of a surrogate pair';
