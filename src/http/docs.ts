import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Hono } from 'hono';
import { etag } from 'hono/etag';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { absolutePath } from 'swagger-ui-dist';
import type { HttpEnv } from './http-env';
import { openApiDocument } from './openapi-document';
import { serveStatic } from './static-file';

const assets = [
  ['swagger-ui.css', 'text/css; charset=utf-8'],
  ['swagger-ui-bundle.js', 'text/javascript; charset=utf-8'],
] as const;

/** The package's version names an asset's content. */
const FOR_A_DAY = 'public, max-age=86400';
/** Kept, and asked for again by its tag: it changes with a deploy. */
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

/** `/openapi.json`, made from the schemas that validate, and `/docs` to read and try it. */
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
