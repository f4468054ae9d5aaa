import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Hono } from 'hono';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { absolutePath } from 'swagger-ui-dist';
import type { HttpEnv } from './http-env';

const assets: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
};

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

/** `/openapi.json`, made from the schemas that validate, and `/docs` to read and try it. */
export function createDocs(app: OpenAPIHono<HttpEnv>): Hono<HttpEnv> {
  app.openAPIRegistry.registerComponent('securitySchemes', 'key', { type: 'http', scheme: 'bearer' });
  const document = once(() =>
    JSON.stringify(
      app.getOpenAPI31Document({
        openapi: '3.1.0',
        info: {
          title: 'paysaga',
          version: '0.1.0',
          description: 'Orders and payments that are never lost, doubled or half-finished. Amounts are minor units.',
        },
      }),
    ),
  );

  const docs = new Hono<HttpEnv>();
  docs.get('/openapi.json', (c) => c.body(document(), 200, { 'content-type': 'application/json' }));
  docs.get('/docs', (c) => c.html(page));
  docs.get('/docs/:asset', async (c, next) => {
    const asset = c.req.param('asset');
    const type = assets[asset];
    if (type === undefined) return next();
    return c.body(await readFile(join(absolutePath(), asset)), 200, {
      'content-type': type,
      'cache-control': 'public, max-age=86400',
    });
  });
  return docs;
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
