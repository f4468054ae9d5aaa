import { v7 } from 'uuid';
import type { z } from 'zod';
import { Refusal } from './refusal';
import { nowMs } from './timing';

export type IdPrefix =
  'ord' | 'inv' | 'evt' | 'cap' | 'ltx' | 'svc' | 'key' | 'req' | 'opa' | 'rpl' | 'shp' | 'pay' | 'rec';

/** A new opaque id: prefix + UUIDv7 (RFC 9562), so ids of one prefix sort by time of making. */
export const newId = (prefix: IdPrefix): string => `${prefix}_${v7(next()).replaceAll('-', '')}`;

/** Further back than this, the clock was set. */
const SET_BACK_MS = 1_000;

let last = { msecs: 0, seq: 0 };

/** The time, and a number that counts within a millisecond: from a random one on, so that processes differ. */
function next(): { msecs: number; seq: number } {
  const now = nowMs();
  const counts = now <= last.msecs && last.msecs - now < SET_BACK_MS;
  last = counts ? { msecs: last.msecs, seq: last.seq + 1 } : { msecs: now, seq: Math.floor(Math.random() * 2 ** 31) };
  return last;
}

/** The items by their keys; keys in the order of their first items, a key's items in theirs. */
export function groupBy<Item, Key>(items: Iterable<Item>, keyOf: (item: Item) => Key): Map<Key, [Item, ...Item[]]> {
  const groups = new Map<Key, [Item, ...Item[]]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

/** An opaque page cursor: clients pass it back, and read nothing from it. */
export const encodeCursor = (position: readonly string[]): string =>
  Buffer.from(JSON.stringify(position)).toString('base64url');

/**
 * The position that a cursor names.
 *
 * @param position what this list gives: a cursor comes from outside like all else
 * @throws Refusal `validation_failed` for one that this list cannot have given
 */
export function decodeCursor<Position>(cursor: string, position: z.ZodType<Position>): Position {
  const parsed = position.safeParse(parse(Buffer.from(cursor, 'base64url').toString()));
  if (parsed.success) return parsed.data;
  const errors = [{ pointer: '/cursor', message: 'is not a cursor of this list' }];
  throw new Refusal('validation_failed', 'The cursor is not one that this list gave; start without it.', { errors });
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

const STORABLE = /^[^\p{Cc}\p{Cs}]+$/u;

/** Characters count, as in JSON Schema. */
export const isWithin = (value: string, max: number): boolean =>
  value.length > 0 && value.length <= 2 * max && [...value].length <= max;

/** Text that Postgres can store: no control characters, no lone surrogates. */
export const isStorable = (value: string): boolean => STORABLE.test(value);

export const notWithin = (max: number): string => `must be 1 to ${max} characters`;
export const NOT_STORABLE = 'must not contain control characters or halves of a surrogate pair';
