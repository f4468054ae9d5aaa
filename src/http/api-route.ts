import { createRoute, OpenAPIHono, type RouteConfig, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { type IdempotencyKey, keyForRequest } from '../cqrs/idempotency';
import type { SendOptions } from '../cqrs/message';
import { validationFailed } from '../cqrs/pipeline';
import { type HttpCode, httpCodes, Refusal } from '../platform/refusal';
import { groupBy } from '../platform/values';
import type { Tag } from './docs';
import { emptyIsNone, requireKey } from './middleware';
import { type HttpEnv, problem, problemExample } from './problem';

/** Describes the problem responses of these codes in OpenAPI, grouped by status. */
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

/** Describes a response header in OpenAPI. */
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

/** Describes a JSON response in OpenAPI. */
export const json = <Schema extends z.ZodType>(schema: Schema, description: string) => ({
  description,
  content: { 'application/json': { schema } },
});

/**
 * Describes a JSON response with the header `Location`.
 *
 * @param always if every such response has it; defaults to true
 */
export const located = <Schema extends z.ZodType>(schema: Schema, description: string, always = true) => ({
  ...json(schema, description),
  headers: { Location: header('The path of the created resource.', { type: 'string' }, always) },
});

/** Describes a required body. @param example a valid body, for readers and generated mocks */
export const jsonBody = <Schema extends z.ZodType>(schema: Schema, example: z.input<Schema>) => ({
  required: true,
  content: { 'application/json': { schema, example } },
});

/** Describes a body that may be absent or empty. */
export const optionalJsonBody = <Schema extends z.ZodType>(schema: Schema, example: z.input<Schema>) => ({
  ...jsonBody(schema, example),
  required: false,
});

/** The header `Idempotency-Key` of a POST; see {@link idempotencyKeyOf}. */
export const idempotencyKey = z.object({
  'idempotency-key': z.string().optional().openapi({
    description:
      'Repeating a request with the same key returns the first response, for 24 hours, without a second effect.',
    // Spaces around a header's value are not part of it.
    pattern: '^[!-~]([ -~]{0,253}[!-~])?$',
  }),
});

type ApiRouteConfig = Omit<RouteConfig, 'path'> & {
  /** The name of the operation in generated clients. */
  readonly operationId: string;
  readonly tags: [Tag];
  /** One sentence without a full stop. */
  readonly summary: string;
  /** The codes that are specific to the route. Those that follow from its request are added. */
  readonly refusals?: readonly HttpCode[];
};

/** Declares a route that requires an API key. An optional body may also be empty. */
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

/** Returns the codes that follow from the form of a request. */
function commonRefusals({ headers, ...request }: NonNullable<RouteConfig['request']> = {}): HttpCode[] {
  return [
    'unauthorized',
    ...FAULTS,
    ...(Object.keys(request).length > 0 || headers ? (['validation_failed'] as const) : []),
    ...(request.body ? BODY_REFUSALS : []),
    ...(headers === idempotencyKey ? (['idempotency_key_reused', 'request_in_progress'] as const) : []),
  ];
}

/** The codes of failures in the service. Every route can respond with them. */
export const FAULTS = ['internal_error', 'unavailable', 'overloaded'] as const satisfies HttpCode[];

/** The codes for an unusable body. Every route with a body can respond with them. */
export const BODY_REFUSALS = [
  'malformed_json',
  'bad_request',
  'payload_too_large',
  'unsupported_media_type',
] as const satisfies HttpCode[];

/** Makes the options of a message from a request: principal, correlation id, trace and idempotency key. */
export function sendOptions(c: Context<HttpEnv>, idempotencyKey?: IdempotencyKey): SendOptions {
  const traceparent = c.req.header('traceparent');
  return {
    principal: c.var.principal,
    correlationId: c.var.requestId,
    ...(traceparent !== undefined && TRACEPARENT.test(traceparent) && { traceparent }),
    ...(idempotencyKey && { idempotencyKey }),
  };
}

/** https://www.w3.org/TR/trace-context/#traceparent-header */
const TRACEPARENT = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/**
 * Makes the idempotency key from the header `Idempotency-Key`, scoped to API key and route. Returns `undefined` without
 * the header. Source: draft-ietf-httpapi-idempotency-key-header.
 *
 * @throws Refusal `validation_failed` for a key that is not 1 to 255 printable ASCII characters
 */
export function idempotencyKeyOf(c: Context<HttpEnv>, route: string, content: unknown): IdempotencyKey | undefined {
  const key = c.req.header('idempotency-key');
  const { principal } = c.var;
  if (key === undefined || principal.role === 'system') return undefined;
  if (!/^[\x20-\x7e]{1,255}$/.test(key)) {
    const errors = [{ pointer: '/headers/idempotency-key', message: 'must be 1 to 255 printable ASCII characters' }];
    throw new Refusal('validation_failed', 'The Idempotency-Key is not valid.', { errors });
  }
  return keyForRequest(principal.keyId, route, key, content);
}

/** Creates a router whose validation errors become the refusal `validation_failed`. */
export function createRouter(): OpenAPIHono<HttpEnv> {
  return new OpenAPIHono<HttpEnv>({
    defaultHook: (result) => {
      if (!result.success) throw validationFailed(result.error.issues);
    },
  });
}
