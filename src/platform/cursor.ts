import { Refusal } from './refusal';

/** An opaque page cursor: clients pass it back, and read nothing from it. */
export const encodeCursor = (position: readonly string[]): string =>
  Buffer.from(JSON.stringify(position)).toString('base64url');

/** @throws Refusal `validation_failed` for anything that {@link encodeCursor} did not make */
export function decodeCursor(cursor: string, parts: number): string[] {
  try {
    const position: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (Array.isArray(position) && position.length === parts && position.every((part) => typeof part === 'string')) {
      return position;
    }
  } catch {
    // Falls through: not our JSON.
  }
  const errors = [{ pointer: '/cursor', message: 'is not a cursor of this list' }];
  throw new Refusal('validation_failed', 'The cursor is not one that this list gave; start without it.', { errors });
}
