import type { OpenAPIHono } from '@hono/zod-openapi';
import type { HttpEnv } from './http-env';
import { problem } from './problem';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;
const METHOD_NOT_ALLOWED = 'MethodNotAllowed';

/** The OpenAPI document of every route, made from the schemas that validate. */
export function openApiDocument(app: OpenAPIHono<HttpEnv>) {
  const { openAPIRegistry: registry } = app;
  registry.registerComponent('securitySchemes', 'key', { type: 'http', scheme: 'bearer' });
  registry.register('Problem', problem);
  registry.registerComponent('responses', METHOD_NOT_ALLOWED, {
    description: 'The path takes other methods',
    headers: { Allow: { description: 'Those that it takes', schema: { type: 'string' }, required: true } },
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  });
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'paysaga',
      version: '0.1.0',
      description: 'Orders and payments that are never lost, doubled or half-finished. Amounts are minor units.',
    },
  });
  for (const path of Object.values(document.paths ?? {})) {
    for (const method of METHODS) {
      const operation = path[method];
      if (!operation) continue;
      operation.responses = { ...operation.responses, 405: { $ref: `#/components/responses/${METHOD_NOT_ALLOWED}` } };
    }
  }
  return document;
}
