import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serve } from '@hono/node-server';
import type { SagaStarter } from '../../../src/sagas/start';
import { createTestApi, type TestApi } from '../../support/api';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { findSchemathesis, fuzz } from '../../support/fuzz/schemathesis';

/** No workflow runs here: every payment that is accepted stays pending. */
const sagas: SagaStarter = {
  start: async () => true,
  result: async () => ({ state: 'pending' }),
} as Partial<SagaStarter> as SagaStarter;

let db: TestDatabase;
let api: TestApi;
let server: ReturnType<typeof serve>;
let url: string;
let python: string | undefined;
let directory: string;
beforeAll(async () => {
  python = await findSchemathesis();
  directory = await mkdtemp(join(tmpdir(), 'paysaga-fuzz-'));
  db = await createTestDatabase();
  await db.query(
    `INSERT INTO product (sku, name, kind, price, currency) VALUES ('vps.s', 'Small', 'service', 9900, 'EUR')`,
  );
  api = await createTestApi(db.database, { sagas });
  const address = await new Promise<AddressInfo>((resolve) => {
    server = serve({ fetch: api.fetch, port: 0, hostname: '127.0.0.1' }, resolve);
  });
  url = `http://127.0.0.1:${address.port}`;
}, 300_000);
afterAll(async () => {
  server?.close();
  await db?.close();
  await rm(directory, { recursive: true, force: true });
});

it.each([
  ['operator', 25],
  ['service', 10],
  ['customer', 10],
  ['nobody', 10],
] as const)(
  'does what its OpenAPI document says, asked by %s',
  async (role, maxSeconds) => {
    if (python === undefined) {
      process.stderr.write('The API is not fuzzed: Python 3 with venv is not there (on Debian: python3-venv).\n');
      return;
    }
    const key = role === 'nobody' ? {} : { key: api.keys[role] };
    const { code, output } = await fuzz({ python, url, maxSeconds, directory, ...key });
    expect(code === 0 ? '' : output).toBe('');
    expect(output).toMatch(/[1-9]\d+ generated/);
  },
  180_000,
);
