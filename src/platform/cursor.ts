import type { z } from 'zod';
import { Refusal } from './refusal';

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
