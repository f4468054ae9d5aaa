import { createRoute, OpenAPIHono, type RouteConfig, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { type Once, requestOnce } from '../cqrs/idempotency';
import type { SendOptions } from '../cqrs/message';
import { validationFailed } from '../cqrs/pipeline';
import { type HttpCode, httpCodes, Refusal } from '../platform/refusal';
import { groupBy } from '../platform/values';
import type { Tag } from './docs';
import { emptyIsNone, requireKey } from './middleware';
import { type HttpEnv, problem, problemExample } from './problem';

/** The responses that carry these codes, in OpenAPI: each status lists its codes. */
export const problems = (...codes: HttpCode[]): RouteConfig['responses'] =>
  Object.fromEntries(
    [...groupBy(new Set(codes), (code) => httpCodes[code].status)].map(([status, ofStatus]) => [
      status,
      {
        description: ofStatus.map((code) => `\`${code}\`: ${httpCodes[code].meaning}`).join(' '),
        headers: problemHeaders(status, ofStatus),
        content: {
          'application/problem+json': {
            schema: problem.extend({ code: z.enum(ofStatus) }),
            example: problemExample(ofStatus[0]),
          },
        },
      },
    ]),
  );

/** A response header, in OpenAPI. */
export const header = (description: string, schema: HeaderSchema, required = true) => ({
  description,
  schema,
  required,
});
type HeaderSchema = { readonly type: 'string' | 'integer'; readonly example?: string | number };

function problemHeaders(status: number, codes: readonly HttpCode[]) {
  const retryAfter = header('Seconds until the request may be repeated.', { type: 'integer', example: 1 }, false);
  return {
    ...(status === 401 &&
      !codes.includes('invalid_signature') && {
        'WWW-Authenticate': header('The scheme of the key.', { type: 'string', example: 'Bearer' }),
      }),
    ...((status === 503 || codes.includes('request_in_progress')) && { 'Retry-After': retryAfter }),
  };
}

export const json = <Schema extends z.ZodType>(schema: Schema, description: string) => ({
  description,
  content: { 'application/json': { schema } },
});

/** An answer with the header `Location`. @param always whether every such answer has it; defaults to true */
export const located = <Schema extends z.ZodType>(schema: Schema, description: string, always = true) => ({
  ...json(schema, description),
  headers: { Location: header('The path to read it at.', { type: 'string' }, always) },
});

/** A body that is needed. @param example a request as it is sent, for readers and generated mocks */
export const jsonBody = <Schema extends z.ZodType>(schema: Schema, example: z.input<Schema>) => ({
  required: true,
  content: { 'application/json': { schema, example } },
});

/** A body that may be left out, or be empty. */
export const optionalJsonBody = <Schema extends z.ZodType>(schema: Schema, example: z.input<Schema>) => ({
  ...jsonBody(schema, example),
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

type ApiRouteConfig = Omit<RouteConfig, 'path'> & {
  /** The name of the operation in generated clients. */
  readonly operationId: string;
  readonly tags: [Tag];
  /** One sentence without a full stop. */
  readonly summary: string;
  /** The codes of its own; those that follow from its request are added. */
  readonly refusals?: readonly HttpCode[];
};

/** A route that takes an API key; its body may be empty where it is optional. */
export function apiRoute<const Path extends string, const Config extends ApiRouteConfig>(path: Path, config: Config) {
  const { refusals = [], ...route } = config;
  const answers: Config['responses'] = {
    ...route.responses,
    ...problems(...refusals, ...commonRefusals(config.request)),
  };
  return createRoute({
    ...(route as unknown as Config),
    responses: answers,
    path,
    middleware:
      config.request?.body?.required === false ? ([requireKey, emptyIsNone] as const) : ([requireKey] as const),
    security: [{ key: [] }],
  });
}

/** The codes that every request of this form can be refused with. */
function commonRefusals({ headers, ...request }: NonNullable<RouteConfig['request']> = {}): HttpCode[] {
  return [
    'unauthorized',
    ...FAULTS,
    ...(Object.keys(request).length > 0 || headers ? (['validation_failed'] as const) : []),
    ...(request.body ? BODY_REFUSALS : []),
    ...(headers === idempotencyKey ? (['idempotency_key_reused', 'request_in_progress'] as const) : []),
  ];
}

/** The codes of what failed on this side. */
export const FAULTS = ['internal_error', 'unavailable', 'overloaded'] as const satisfies HttpCode[];

export const BODY_REFUSALS = [
  'malformed_json',
  'bad_request',
  'payload_too_large',
  'unsupported_media_type',
] as const satisfies HttpCode[];

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

/** A router whose validation errors are problems like all others. */
export function createRouter(): OpenAPIHono<HttpEnv> {
  return new OpenAPIHono<HttpEnv>({
    defaultHook: (result) => {
      if (!result.success) throw validationFailed(result.error.issues);
    },
  });
}
