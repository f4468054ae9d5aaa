import { createMiddleware } from 'hono/factory';
import { Refusal } from '../platform/refusal';
import type { HttpEnv } from './http-env';

/** `Authorization: Bearer <key>` (RFC 6750). @throws Refusal `unauthorized` */
export const requireKey = createMiddleware<HttpEnv>(async function requireKey(c, next) {
  const token = /^Bearer[ \t]+(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1];
  const principal = token === undefined ? undefined : await c.var.authenticate(token);
  if (!principal) {
    throw new Refusal(
      'unauthorized',
      'Send a valid key as `Authorization: Bearer <key>`; `paysaga keys create` makes one.',
    );
  }
  c.set('principal', principal);
  await next();
});
