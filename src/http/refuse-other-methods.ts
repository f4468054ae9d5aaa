import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { Refusal } from '../platform/refusal';
import { requireKey } from './authentication';
import type { HttpEnv } from './http-env';

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
