import type { HttpBindings } from '@hono/node-server';
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { Principal } from '../cqrs/message';
import { isDatabaseTransient, isDataException } from '../platform/database/database-error';
import { logFields, type Logger } from '../platform/logger';
import { type HttpCode, Refusal, type RefusalCode, refusalCodes } from '../platform/refusal';
import type { Authenticate } from './api-keys';

/** The body of every error response: `application/problem+json` (RFC 9457). */
export const problem = z
  .object({
    type: z.string().openapi({ example: 'urn:paysaga:problem:order_not_found' }),
    title: z.string().openapi({ example: 'Order not found' }),
    status: z.int().openapi({ example: 404 }),
    detail: z.string(),
    instance: z.string().openapi({ description: 'The path of the request.' }),
    code: z.string().openapi({ description: 'Stable. Clients should decide by it.', example: 'order_not_found' }),
    request_id: z.string(),
    errors: z
      .array(
        z.object({
          pointer: z.string().openapi({ description: 'JSON Pointer to the invalid member (RFC 6901).' }),
          message: z.string(),
        }),
      )
      .optional()
      .openapi({ description: 'For `validation_failed`: the invalid members.' }),
    saga_id: z.string().optional().openapi({ description: 'For `saga_compensated`: the saga.' }),
    failed_step: z.string().optional().openapi({ description: 'For `saga_compensated`: the step that failed.' }),
  })
  .openapi('Problem');

/** Makes the example of a problem with this code for the API's document. */
export const problemExample = (code: HttpCode) => ({
  ...memberOf(code),
  detail: refusalCodes[code].meaning,
  instance: '/orders',
  request_id: 'req_0199f0c2a5b87c3e8d2f4b6a9c1e3d5f',
});

const memberOf = (code: RefusalCode) => ({
  type: `urn:paysaga:problem:${code}`,
  title: titleOf(code),
  status: refusalCodes[code].status,
  code,
});

/** Maps every error to a problem response. Unexpected errors are logged and their content is not sent. */
export function answerError(error: Error, c: Context<HttpEnv>): Response {
  const refusal = refusalFrom(error);
  const { code, detail, extra } = refusal;
  const { status } = refusalCodes[code];
  if (status >= 500 && code !== 'overloaded')
    c.var.logger.error({ ...logFields(error), path: c.req.path }, 'request.failed');

  const { retry_after, ...members } = extra;
  if (typeof retry_after === 'number') c.header('Retry-After', String(retry_after));
  if (code === 'unauthorized') c.header('WWW-Authenticate', 'Bearer');
  const body = {
    ...memberOf(code),
    detail,
    instance: c.req.path,
    request_id: c.var.requestId,
    ...members,
  };
  return c.body(JSON.stringify(body), status, { 'content-type': 'application/problem+json' });
}

/** Responds 404 to a request without a route. */
export const answerNotFound = (c: Context<HttpEnv>): Response =>
  answerError(new Refusal('not_found', `There is no route ${c.req.method} ${c.req.path}. See /docs.`), c);

const INTERNAL_ERROR = 'The service failed. Report the request_id to its operator.';

function refusalFrom(error: Error): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof HTTPException) return refusalFromHttp(error);
  if (isDatabaseTransient(error)) {
    const detail =
      'The database does not respond or is busy. A change may have been made: try again with the same Idempotency-Key.';
    return new Refusal('unavailable', detail, { retry_after: 1 });
  }
  if (isDataException(error)) {
    return new Refusal('validation_failed', 'A value of the request is outside the range that can be stored.');
  }
  return new Refusal('internal_error', INTERNAL_ERROR);
}

/** Maps the errors that Hono throws itself. */
function refusalFromHttp({ status, message }: HTTPException): Refusal {
  if (status === 400 && /json/i.test(message)) {
    return new Refusal('malformed_json', 'The body is not well-formed JSON (RFC 8259).');
  }
  if (status >= 500) return new Refusal('internal_error', INTERNAL_ERROR);
  return new Refusal('bad_request', 'The request cannot be read as HTTP.');
}

const titleOf = (code: string): string => code.charAt(0).toUpperCase() + code.slice(1).replaceAll('_', ' ');

/** The environment of the routes: what the middleware provides. */
export interface HttpEnv {
  /** Node's request and response. They are absent in tests without a socket. */
  Bindings: Partial<HttpBindings>;
  Variables: {
    requestId: string;
    logger: Logger;
    authenticate: Authenticate;
    /** Set only on routes that require a key. */
    principal: Principal;
  };
}
