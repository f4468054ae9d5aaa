import { createRoute, type RouteConfig, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { type Once, requestOnce } from '../inbox/once';
import type { SendOptions } from '../mediator/behaviour';
import { Refusal } from '../platform/refusal';
import { requireKey } from './authentication';
import type { HttpEnv } from './http-env';
import { emptyIsNone } from './json-body';
import { problem } from './problem';

type ProblemStatus = 400 | 401 | 403 | 404 | 409 | 413 | 415 | 422 | 503;

const problemContent = { 'application/problem+json': { schema: problem } };

const descriptions: Record<ProblemStatus, string> = {
  400: 'Malformed JSON',
  401: 'No valid key',
  403: 'The key’s role may not do this',
  404: 'Not found, or not yours',
  409: 'The state does not allow it; see `code`',
  413: 'More than 64 KiB',
  415: 'Not JSON',
  422: 'Understood, and refused; see `code` and `errors`',
  503: 'A service behind this one does not answer, or too much is asked at once; see `Retry-After`',
};

/** The responses for these problem statuses, in OpenAPI. */
export const problems = (...statuses: ProblemStatus[]): RouteConfig['responses'] =>
  Object.fromEntries(
    statuses.map((status) => [status, { description: descriptions[status], content: problemContent }]),
  );

export const json = <Schema extends z.ZodType>(schema: Schema, description: string) => ({
  description,
  content: { 'application/json': { schema } },
});

export const jsonBody = <Schema extends z.ZodType>(schema: Schema) => ({
  required: true,
  content: { 'application/json': { schema } },
});

/** A body that may be left out, or be empty. */
export const optionalJsonBody = <Schema extends z.ZodType>(schema: Schema) => ({
  ...jsonBody(schema),
  required: false,
});

/** The header of every POST that may be repeated; see {@link onceOf}. */
export const idempotencyKey = z.object({
  'idempotency-key': z.string().optional().openapi({
    description: 'The same key answers the same bytes for 24 hours, and does nothing twice.',
    // Spaces around a header's value are no part of it.
    pattern: '^[!-~]([ -~]{0,253}[!-~])?$',
  }),
});

/** A route that takes an API key; its body may be empty where it is optional. */
export const apiRoute = <const Path extends string, const Config extends Omit<RouteConfig, 'path'>>(
  path: Path,
  config: Config,
) =>
  createRoute({
    ...config,
    path,
    middleware:
      config.request?.body?.required === false ? ([requireKey, emptyIsNone] as const) : ([requireKey] as const),
    security: [{ key: [] }],
  });

/** What every command and query from HTTP carries. */
export function sendOptions(c: Context<HttpEnv>, once?: Once): SendOptions {
  const traceparent = c.req.header('traceparent');
  return {
    principal: c.var.principal,
    correlationId: c.var.requestId,
    ...(traceparent !== undefined && TRACEPARENT.test(traceparent) && { traceparent }),
    ...(once && { once }),
  };
}

/** https://www.w3.org/TR/trace-context/#traceparent-header */
const TRACEPARENT = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/**
 * The once-key of `Idempotency-Key`, scoped to API key and route (draft-ietf-httpapi-idempotency-key-header).
 *
 * @throws Refusal `validation_failed` for a key that is empty or over 255 characters
 */
export function onceOf(c: Context<HttpEnv>, route: string, content: unknown): Once | undefined {
  const key = c.req.header('idempotency-key');
  const { principal } = c.var;
  if (key === undefined || principal.role === 'system') return undefined;
  if (!/^[\x20-\x7e]{1,255}$/.test(key)) {
    const errors = [{ pointer: '/headers/idempotency-key', message: 'must be 1 to 255 printable ASCII characters' }];
    throw new Refusal('validation_failed', 'The Idempotency-Key cannot be used.', { errors });
  }
  return requestOnce(principal.keyId, route, key, content);
}
