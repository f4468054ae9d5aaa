import { run } from '../../../dev/os/child';
import { fromRoot } from '../../../dev/os/files';
import { createTestDatabase, type TestDatabase } from '../../support/database';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.close());

/** The built program, as a shell runs it. */
function paysaga(...args: string[]) {
  const env = {
    PATH: process.env.PATH,
    DATABASE_URL: db.url,
    KAFKA_BROKERS: 'nowhere:1',
    TEMPORAL_ADDRESS: 'nowhere:1',
  };
  return run(process.execPath, [fromRoot('dist', 'src', 'cli.js'), ...args], { env });
}

it.each([
  ['before the part', ['setup', '--json', 'database']],
  ['after the part', ['setup', 'database', '--json']],
  ['of the other name', ['migrate', '--json']],
])('setup prints what each part did, with --json %s', async (_, args) => {
  const { code, output } = await paysaga(...args);
  expect([code, JSON.parse(output)]).toEqual([
    0,
    { parts: [{ part: 'database', state: 'done', messages: expect.arrayContaining(['The database is up to date.']) }] },
  ]);
});

it('diagram prints the diagram with its saga and kind', async () => {
  const { code, output } = await paysaga('diagram', 'order', '--kind', 'state', '--json');
  expect([code, JSON.parse(output)]).toEqual([
    0,
    { saga: 'order', kind: 'state', diagram: expect.stringContaining('stateDiagram') },
  ]);
});

it.each([['products'], ['keys'], ['outbox'], ['dead-letters'], ['sagas']])(
  '%s lists an empty page, by both names',
  async (group) => {
    for (const name of ['ls', 'list']) {
      const { code, output } = await paysaga(group, name, '--limit', '1', '--json');
      expect([code, JSON.parse(output)]).toEqual([0, { data: [], next_cursor: null }]);
    }
  },
);

it.each([
  [['products', 'show', 'none']],
  [['keys', 'revoke', 'none']],
  [['outbox', 'show', 'none']],
  [['outbox', 'replay-status', 'none']],
  [['dead-letters', 'show', 'none']],
  [['sagas', 'show', 'none']],
])('%j ends with 1: there is no such id', async (args) => {
  const { code, output } = await paysaga(...args, '--json');
  expect([code, output]).toEqual([1, expect.stringMatching(/^\w+_not_found: /)]);
});
