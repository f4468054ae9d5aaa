import { MIMEType } from 'node:util';
import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import { Refusal } from '../platform/refusal';
import { hasOwnBodyLimit } from './body-limit';
import type { HttpEnv } from './http-env';

const JSON_TYPE = 'application/json';

/**
 * Lets requests pass that have no body, or one of JSON by its media type (RFC 9110, section 8.3.1).
 *
 * @throws Refusal `unsupported_media_type`
 */
export const jsonOnly = createMiddleware<HttpEnv>(async function jsonOnly(c, next) {
  if (hasBody(c)) {
    const type = c.req.header('content-type');
    if (type !== JSON_TYPE && !(type === undefined && !hasOwnBodyLimit(c) && (await isEmpty(c)))) requireJson(c, type);
    refuseEncoding(c);
  }
  await next();
});

/** For a route whose body is optional: an empty one is none, however it is sent and whatever its type is. */
export const emptyIsNone = createMiddleware<HttpEnv>(async function emptyIsNone(c, next) {
  if (c.req.header('content-type') !== undefined && (await isEmpty(c))) {
    c.req.raw.headers.delete('content-type');
  }
  await next();
});

/** As its headers say; one in chunks may turn out to be empty. */
const hasBody = (c: Context): boolean =>
  Number(c.req.header('content-length') ?? 0) !== 0 || c.req.header('transfer-encoding') !== undefined;

/** Reads a body without a length to its end. */
async function isEmpty(c: Context): Promise<boolean> {
  const length = c.req.header('content-length');
  return length === undefined ? (await c.req.arrayBuffer()).byteLength === 0 : Number(length) === 0;
}

function requireJson(c: Context, type: string | undefined): void {
  if (type === undefined || !isJson(type)) {
    throw new Refusal('unsupported_media_type', 'Send the body as application/json.');
  }
  // In its simple form, as the validators behind this know it.
  c.req.raw.headers.set('content-type', JSON_TYPE);
}

function isJson(type: string): boolean {
  try {
    return /^application\/([\w.-]+\+)?json$/.test(new MIMEType(type).essence);
  } catch {
    return false;
  }
}

/** A body in a coding that is not undone here would only look like broken JSON. */
function refuseEncoding(c: Context): void {
  const encoding = c.req.header('content-encoding');
  if (encoding === undefined || /^(identity)?$/i.test(encoding)) return;
  c.header('Accept-Encoding', 'identity');
  throw new Refusal('unsupported_media_type', 'Send the body without a Content-Encoding.');
}
