import { createMiddleware } from 'hono/factory';
import { limitBody } from '../../http/body-limit';
import type { HttpEnv } from '../../http/http-env';
import { Refusal } from '../../platform/refusal';

/** Larger than for other routes, because senders may send long events. */
const LIMIT_BYTES = 1024 * 1024;

/** Refuses a request without the signature header or with a body over 1 MiB, before the body is read. */
export const takeSigned = (header: string) =>
  [
    createMiddleware<HttpEnv>(async function requireSignature(c, next) {
      if (c.req.header(header)) return next();
      throw new Refusal('invalid_signature', `Sign the body, and send the signature as ${header}.`);
    }),
    limitBody(LIMIT_BYTES),
  ] as const;
