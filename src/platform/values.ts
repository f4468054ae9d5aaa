import { v7 } from 'uuid';
import type { z } from 'zod';
import { Refusal } from './refusal';
import { nowMs } from './timing';

/** The prefix of an id, which names the kind of thing. */
export type IdPrefix =
  'ord' | 'inv' | 'evt' | 'cap' | 'ltx' | 'svc' | 'key' | 'req' | 'opa' | 'rpl' | 'shp' | 'pay' | 'rec';

/** Returns a new opaque id: the prefix and a UUIDv7 (RFC 9562). Ids of one prefix sort by their time of creation. */
export const newId = (prefix: IdPrefix): string => `${prefix}_${v7(next()).replaceAll('-', '')}`;

/** A clock that is this far behind the last id was set back. */
const SET_BACK_MS = 1_000;

let last = { msecs: 0, seq: 0 };

/** Returns the time and a counter within a millisecond. The counter starts at random, so that processes differ. */
function next(): { msecs: number; seq: number } {
  const now = nowMs();
  const counts = now <= last.msecs && last.msecs - now < SET_BACK_MS;
  last = counts ? { msecs: last.msecs, seq: last.seq + 1 } : { msecs: now, seq: Math.floor(Math.random() * 2 ** 31) };
  return last;
}

/** Groups items by key. Keys are in the order of their first items, and items keep their order. */
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

/** Returns an opaque cursor. Clients return it unchanged. */
export const encodeCursor = (position: readonly string[]): string =>
  Buffer.from(JSON.stringify(position)).toString('base64url');

/**
 * Decodes the position of a cursor.
 *
 * @param position the schema of the list's positions, because a cursor is input like any other
 * @throws Refusal `validation_failed` for a cursor that this list cannot have returned
 */
export function decodeCursor<Position>(cursor: string, position: z.ZodType<Position>): Position {
  const parsed = position.safeParse(parse(Buffer.from(cursor, 'base64url').toString()));
  if (parsed.success) return parsed.data;
  const errors = [{ pointer: '/cursor', message: 'is not a cursor of this list' }];
  throw new Refusal('validation_failed', 'The cursor is not of this list: start without a cursor.', { errors });
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

const STORABLE = /^[^\p{Cc}\p{Cs}]+$/u;

/** Whether text has 1 to `max` characters. Characters are Unicode code points, as in JSON Schema. */
export const isWithin = (value: string, max: number): boolean =>
  value.length > 0 && value.length <= 2 * max && [...value].length <= max;

/** Whether PostgreSQL can store the text: it has no control characters and no lone surrogates. */
export const isStorable = (value: string): boolean => STORABLE.test(value);

/** The error of text that {@link isWithin} rejects. */
export const notWithin = (max: number): string => `must be 1 to ${max} characters`;
/** The error of text that {@link isStorable} rejects. */
export const NOT_STORABLE = 'must not contain control characters or halves of a surrogate pair';
