import { MIMEType } from 'node:util';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context, MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { createMiddleware } from 'hono/factory';
import { routePath } from 'hono/route';
import { Histogram } from 'prom-client';
import { Webhook } from 'standardwebhooks';
import { DURATION_BUCKETS, type Metrics } from '../platform/metrics';
import { Refusal } from '../platform/refusal';
import type { HttpEnv } from './problem';

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

/** For a request that no route takes: its path is the client's own, and would be a series each. */
const UNMATCHED = 'unmatched';

/** Routes that are asked every few seconds. Their lines are at debug. */
const PROBES = new Set(['/health', '/health/live', '/health/ready', '/metrics']);

/** Times every request by method, route (its pattern, never the path asked for) and status, and logs one line for it. */
export function measureRequests({ registry }: Metrics): MiddlewareHandler<HttpEnv> {
  const duration = new Histogram({
    name: 'paysaga_http_request_duration_seconds',
    help: 'From the request’s headers to the answer',
    labelNames: ['method', 'route', 'status'],
    buckets: DURATION_BUCKETS,
    registers: [registry],
  });
  return async function measureRequest(c, next) {
    const started = performance.now();
    await next();
    const ms = performance.now() - started;
    const route = routeOf(c);
    const { method } = c.req;
    const { status } = c.res;
    duration.observe({ method, route, status }, ms / 1_000);
    // The request's logger has its `request_id`.
    const line = { method, route, status, ms: Math.round(ms * 10) / 10 };
    c.var.logger[PROBES.has(route) ? 'debug' : 'info'](line, 'http.request_completed');
  };
}

function routeOf(c: Context<HttpEnv>): string {
  const pattern = routePath(c, -1);
  return pattern === '*' || pattern === '/*' ? UNMATCHED : pattern;
}

/**
 * Lets a request pass that the holder of the secret signed within the last five minutes, by its bytes as they
 * came and before anything reads them (https://www.standardwebhooks.com). Several signatures may stand in the
 * header, so that a sender can change its secret. Nothing of a request that fails is logged.
 *
 * @param secret `whsec_` and base64
 * @throws Refusal `invalid_signature`
 */
export function verifySignature(secret: string) {
  const webhook = new Webhook(secret);
  return createMiddleware<HttpEnv>(async function verifySignature(c, next) {
    const body = Buffer.from(await c.req.arrayBuffer());
    try {
      webhook.verify(body, c.req.header(), { jsonParse: false });
    } catch {
      throw new Refusal(
        'invalid_signature',
        'Sign `id.timestamp.body` with the shared secret, at most 5 minutes ago, and send webhook-id, ' +
          'webhook-timestamp and webhook-signature (standardwebhooks.com).',
      );
    }
    await next();
  });
}

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

/**
 * Answers what a known path is asked by another method than its own: 405 with `Allow` (RFC 9110, section 15.5.6), to
 * those who may ask the path at all. To be called when every route is there.
 */
export function refuseOtherMethods(app: OpenAPIHono<HttpEnv>): void {
  const withKey = new Set(
    app.openAPIRegistry.definitions.flatMap((definition) =>
      definition.type === 'route' && definition.route.security?.length ? [inHono(definition.route.path)] : [],
    ),
  );
  for (const [path, methods] of methodsByPath(app)) {
    const allow = [...methods].sort().join(', ');
    const refuse = refuseAllBut(allow);
    if (withKey.has(path)) app.all(path, requireKey, refuse);
    else app.all(path, refuse);
  }
}

/** Answers 405 with this `Allow`. */
export const refuseAllBut =
  (allow: string) =>
  (c: Context<HttpEnv>): never => {
    c.header('Allow', allow);
    throw new Refusal('method_not_allowed', `${c.req.path} takes ${allow}, not ${c.req.method}; see /docs.`);
  };

/** Hono answers HEAD by what answers GET. */
function methodsByPath(app: OpenAPIHono<HttpEnv>): Map<string, Set<string>> {
  const byPath = new Map<string, Set<string>>();
  for (const { path, method } of app.routes) {
    if (method === 'ALL') continue;
    const methods = byPath.get(path) ?? new Set();
    byPath.set(path, methods.add(method));
    if (method === 'GET') methods.add('HEAD');
  }
  return byPath;
}

const inHono = (path: string): string => path.replaceAll(/\{(\w+)\}/g, ':$1');
