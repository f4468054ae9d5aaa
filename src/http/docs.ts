import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { Hono } from 'hono';
import { etag } from 'hono/etag';
import { absolutePath } from 'swagger-ui-dist';
import { packageVersion } from '../platform/package-root';
import { httpCodes } from '../platform/refusal';
import { type HttpEnv, problem } from './problem';
import { serveStatic } from './static-file';

/** The groups of operations, in the order of the page. */
const TAGS = {
  orders: 'Orders are placed, read and cancelled.',
  payments: 'Payments close invoices. Each runs as a saga, once per `payment_id`.',
  sagas: 'Sagas are read, and resolved where they are stuck.',
  inventory: 'The catalogue and its stock.',
  billing: 'Balances, from the double-entry ledger.',
  analytics: 'Read models, built from the event stream.',
  operator: 'Operators resolve what is stuck and manage keys. Every change is recorded.',
  health: 'Probes and metrics. They require no key.',
  development: 'Fault points. They exist only with `FAULT_INJECTION=1`.',
} as const;
/** A group of operations in the API's document. */
export type Tag = keyof typeof TAGS;

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;
const METHOD_NOT_ALLOWED = 'MethodNotAllowed';
const REQUEST_ID = 'RequestId';

/** Makes the OpenAPI 3.1 document of all routes from the schemas that validate requests. */
export function openApiDocument(app: OpenAPIHono<HttpEnv>) {
  const { openAPIRegistry: registry } = app;
  registry.registerComponent('securitySchemes', 'key', {
    type: 'http',
    scheme: 'bearer',
    description: 'A key of the role customer, service or operator. `paysaga keys create` makes one.',
  });
  registry.register('Problem', problem);
  registry.registerComponent('headers', REQUEST_ID, {
    description: 'The id of the request in logs and events: the `X-Request-Id` of the request or a new id.',
    schema: { type: 'string', example: 'req_0199f0c2a5b87c3e8d2f4b6a9c1e3d5f' },
  });
  registry.registerComponent('responses', METHOD_NOT_ALLOWED, {
    description: httpCodes.method_not_allowed.meaning,
    headers: {
      Allow: { description: 'The methods that the path supports.', schema: { type: 'string' }, required: true },
      'X-Request-Id': { $ref: `#/components/headers/${REQUEST_ID}` },
    },
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  });
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'paysaga',
      version: packageVersion,
      description:
        'Orders and payments that are never lost, doubled or half-finished. Amounts are whole minor units (cents), ' +
        'times are RFC 3339 in UTC. Errors are `application/problem+json` (RFC 9457) with a stable `code`.',
      license: { name: 'MIT', url: 'https://spdx.org/licenses/MIT.html' },
    },
    servers: [{ url: '/', description: 'The service that serves this document.' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
  });
  for (const path of Object.values(document.paths ?? {})) {
    for (const method of METHODS) {
      const operation = path[method];
      if (!operation) continue;
      for (const response of Object.values(operation.responses ?? {}) as { headers?: object }[]) {
        response.headers = { ...response.headers, 'X-Request-Id': { $ref: `#/components/headers/${REQUEST_ID}` } };
      }
      operation.responses = { ...operation.responses, 405: { $ref: `#/components/responses/${METHOD_NOT_ALLOWED}` } };
    }
  }
  return document;
}

const assets = [
  ['swagger-ui.css', 'text/css; charset=utf-8'],
  ['swagger-ui-bundle.js', 'text/javascript; charset=utf-8'],
] as const;

/** For assets, which change only with the package's version. */
const FOR_A_DAY = 'public, max-age=86400';
/** For documents that change with a deploy: cached and revalidated by their ETag. */
const REVALIDATED = 'no-cache';

const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>paysaga API</title>
    <link rel="stylesheet" href="/docs/swagger-ui.css">
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script>SwaggerUIBundle({ url: '/openapi.json', dom_id: '#swagger-ui', persistAuthorization: true })</script>
  </body>
</html>
`;

/** Creates the routes `/openapi.json` and `/docs`, a page to read and try the API. */
export function createDocs(app: OpenAPIHono<HttpEnv>): Hono<HttpEnv> {
  const writeDocument = async (): Promise<Buffer> => Buffer.from(JSON.stringify(openApiDocument(app)));

  const docs = new Hono<HttpEnv>();
  const file = (path: string, type: string, cacheControl: string, read: () => Promise<Buffer>): void => {
    docs.get(path, etag(), serveStatic({ type, cacheControl, read }));
  };
  file('/openapi.json', 'application/json', REVALIDATED, writeDocument);
  file('/docs', 'text/html; charset=UTF-8', REVALIDATED, async () => Buffer.from(page));
  for (const [name, type] of assets) {
    file(`/docs/${name}`, type, FOR_A_DAY, () => readFile(join(absolutePath(), name)));
  }
  return docs;
}
