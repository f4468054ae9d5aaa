import { OpenAPIHono } from '@hono/zod-openapi';
import { validationFailed } from '../mediator/behaviours/validation';
import type { HttpEnv } from './http-env';

/** A router whose validation errors are problems like all others. */
export function createRouter(): OpenAPIHono<HttpEnv> {
  return new OpenAPIHono<HttpEnv>({
    defaultHook: (result) => {
      if (!result.success) throw validationFailed(result.error.issues);
    },
  });
}
