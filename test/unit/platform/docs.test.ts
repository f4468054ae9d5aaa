import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { createRouter } from '../../../src/http/api-route';
import { createDocs } from '../../../src/http/docs';

const app = createRouter();
app.route('/', createDocs(app));
const get = (path: string, headers: Record<string, string> = {}) => app.request(path, { headers });
const bytes = async (response: Response): Promise<Buffer> => Buffer.from(await response.arrayBuffer());

describe.each(['/openapi.json', '/docs', '/docs/swagger-ui.css', '/docs/swagger-ui-bundle.js'])('%s', (path) => {
  it.each([
    ['br', brotliDecompressSync],
    ['gzip', gunzipSync],
  ])('comes compressed by %s to who takes it, and as it is to others', async (encoding, decompress) => {
    const plain = await get(path);
    const compressed = await get(path, { 'accept-encoding': `identity;q=0.1, ${encoding}` });
    expect(compressed.headers.get('content-encoding')).toBe(encoding);
    expect(plain.headers.get('content-encoding')).toBeNull();
    expect(plain.headers.get('vary')).toBe('Accept-Encoding');
    const content = await bytes(plain);
    expect(content.length).toBeGreaterThan(0);
    expect(decompress(await bytes(compressed)).equals(content)).toBe(true);
    const refused = await get(path, { 'accept-encoding': `${encoding};q=0` });
    expect(refused.headers.get('content-encoding')).toBeNull();
  });

  it('is not sent again to who has it', async () => {
    for (const encoding of ['identity', 'gzip', 'br']) {
      const headers = { 'accept-encoding': encoding };
      const tag = (await get(path, headers)).headers.get('etag') ?? '';
      expect(tag).toMatch(/^"[\w-]+"$/);
      const again = await get(path, { ...headers, 'if-none-match': `"other", W/${tag}` });
      expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', tag]);
      expect((await get(path, { ...headers, 'if-none-match': '"other"' })).status).toBe(200);
    }
  });
});

it.each(['__proto__', 'constructor', 'toString', '..%2fpackage.json', 'swagger-ui.css.map'])(
  'there is nothing at /docs/%s',
  async (name) => {
    expect((await get(`/docs/${name}`)).status).toBe(404);
  },
);
