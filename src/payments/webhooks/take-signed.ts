import { createMiddleware } from 'hono/factory';
import { limitBody } from '../../http/body-limit';
import type { HttpEnv } from '../../http/http-env';
import { Refusal } from '../../platform/refusal';

/** Senders do not know how much of an event is for us: theirs may be long, and most of it ignored. */
const LIMIT_BYTES = 1024 * 1024;

/** Lets a webhook pass that has the header of a signature, with a body of up to 1 MiB: no other body is read. */
export const takeSigned = (header: string) =>
  [
    createMiddleware<HttpEnv>(async function requireSignature(c, next) {
      if (c.req.header(header)) return next();
      throw new Refusal('invalid_signature', `Sign the body, and send the signature as ${header}.`);
    }),
    limitBody(LIMIT_BYTES),
  ] as const;
