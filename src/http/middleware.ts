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

/** Authenticates by `Authorization: Bearer <key>` (RFC 6750) and sets the principal. @throws Refusal `unauthorized` */
export const requireKey = createMiddleware<HttpEnv>(async function requireKey(c, next) {
  const token = /^Bearer[ \t]+(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1];
  const principal = token === undefined ? undefined : await c.var.authenticate(token);
  if (!principal) {
    throw new Refusal(
      'unauthorized',
      'Send a valid key as `Authorization: Bearer <key>`. `paysaga keys create` makes a key.',
    );
  }
  c.set('principal', principal);
  await next();
});

/** Checks whether the route sets its body limit itself, as webhooks do. */
export const hasOwnBodyLimit = (c: Context): boolean => c.req.path.startsWith('/webhooks/');

/**
 * Creates middleware that refuses a body over `maxSize` bytes. It trusts `Content-Length`, because Node reads no more
 * than that. Counting a body without a declared length doubles the time of a small request.
 *
 * @throws Refusal `payload_too_large`
 */
export function limitBody(maxSize: number): MiddlewareHandler {
  const refuse = (): never => {
    throw new Refusal('payload_too_large', `The body must have at most ${maxSize} bytes.`);
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

/** The route label of requests without a route. Their paths would make a series each. */
const UNMATCHED = 'unmatched';

/** Routes that are requested every few seconds. They are logged at level debug. */
const PROBES = new Set(['/health', '/health/live', '/health/ready', '/metrics']);

/** Creates middleware that times and logs every request, by method, route pattern and status. */
export function measureRequests({ registry }: Metrics): MiddlewareHandler<HttpEnv> {
  const duration = new Histogram({
    name: 'paysaga_http_request_duration_seconds',
    help: 'Time from a request’s headers to its response',
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
 * Creates middleware that verifies the signature of the raw body, at most 5 minutes old
 * (https://www.standardwebhooks.com). The header may have several signatures, so that a sender can rotate its secret.
 * The content of a refused request is not logged.
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
 * Accepts only requests without a body or with a JSON media type (RFC 9110, section 8.3.1).
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

/** Treats an empty body as absent, whatever its media type. For routes with an optional body. */
export const emptyIsNone = createMiddleware<HttpEnv>(async function emptyIsNone(c, next) {
  if (c.req.header('content-type') !== undefined && (await isEmpty(c))) {
    c.req.raw.headers.delete('content-type');
  }
  await next();
});

/** Checks the headers for a body. A chunked body can still be empty. */
const hasBody = (c: Context): boolean =>
  Number(c.req.header('content-length') ?? 0) !== 0 || c.req.header('transfer-encoding') !== undefined;

/** Checks whether the body is empty. Reads a body without a declared length. */
async function isEmpty(c: Context): Promise<boolean> {
  const length = c.req.header('content-length');
  return length === undefined ? (await c.req.arrayBuffer()).byteLength === 0 : Number(length) === 0;
}

function requireJson(c: Context, type: string | undefined): void {
  if (type === undefined || !isJson(type)) {
    throw new Refusal('unsupported_media_type', 'Send the body as application/json.');
  }
  // The validators know only the plain media type.
  c.req.raw.headers.set('content-type', JSON_TYPE);
}

function isJson(type: string): boolean {
  try {
    return /^application\/([\w.-]+\+)?json$/.test(new MIMEType(type).essence);
  } catch {
    return false;
  }
}

/** Refuses compressed bodies, which would otherwise be reported as malformed JSON. */
function refuseEncoding(c: Context): void {
  const encoding = c.req.header('content-encoding');
  if (encoding === undefined || /^(identity)?$/i.test(encoding)) return;
  c.header('Accept-Encoding', 'identity');
  throw new Refusal('unsupported_media_type', 'Send the body without a Content-Encoding.');
}

/**
 * Responds 405 with `Allow` to other methods of known paths (RFC 9110, section 15.5.6). Paths that require a key still
 * require it. Call it after all routes are added.
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

/** Creates a handler that refuses with this `Allow`. @throws Refusal `method_not_allowed` */
export const refuseAllBut =
  (allow: string) =>
  (c: Context<HttpEnv>): never => {
    c.header('Allow', allow);
    throw new Refusal('method_not_allowed', `${c.req.path} supports ${allow}, not ${c.req.method}. See /docs.`);
  };

/** Lists the methods of each path. Hono serves HEAD by the handler of GET. */
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
