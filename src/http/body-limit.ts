import type { Context, MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { Refusal } from '../platform/refusal';

/** Webhooks have a limit of their own. */
export const hasOwnBodyLimit = (c: Context): boolean => c.req.path.startsWith('/webhooks/');

/**
 * Refuses a body over `maxSize` bytes. One of a declared length is judged by it, and read by the handler
 * alone: Node takes no more than was declared. Only a body without one is counted as it comes, through a
 * web stream, which takes as long as the rest of a small request.
 *
 * @throws Refusal `payload_too_large`
 */
export function limitBody(maxSize: number): MiddlewareHandler {
  const refuse = (): never => {
    throw new Refusal('payload_too_large', `A body has at most ${maxSize} bytes.`);
  };
  const counted = bodyLimit({ maxSize, onError: refuse });

  return async function limitBody(c, next) {
    const length = c.req.header('content-length');
    const undeclared = length === undefined || c.req.header('transfer-encoding') !== undefined;
    if (undeclared && c.req.method !== 'GET' && c.req.method !== 'HEAD') return counted(c, next);
    if (Number(length) > maxSize) refuse();
    await next();
  };
}
