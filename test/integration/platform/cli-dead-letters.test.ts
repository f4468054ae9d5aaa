import { run } from '../../../dev/os/child';
import { fromRoot } from '../../../dev/os/files';
import { createTestDatabase, type TestDatabase } from '../../support/database';

/** The command line does its work in the database. */
const addresses = { KAFKA_BROKERS: 'nowhere:1', TEMPORAL_ADDRESS: 'nowhere:1' };
const reason = ['--reason', 'the cause is mended'];

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterEach(() => db.empty('dead_letter', 'audit_log'));
afterAll(() => db.close());

/** The built program, as a shell runs it. */
function paysaga(...args: string[]) {
  const env = { ...process.env, ...addresses, DATABASE_URL: db.url };
  return run(process.execPath, [fromRoot('dist', 'src', 'cli.js'), 'dead-letters', ...args], { env });
}

const json = async (...args: string[]): Promise<Record<string, unknown>> =>
  JSON.parse((await paysaga(...args, '--json')).output) as Record<string, unknown>;

/** A dead letter, and one behind it. @returns its id */
async function deadLetter(): Promise<string> {
  const rows = await db.query<{ id: string }>(
    `INSERT INTO dead_letter (consumer_group, topic, partition, "offset", key, headers, value, reason, state, attempts)
     SELECT 'sales', 'orders', 0, n, 'ord_1', '{}', 'not json', E'not \\x1b[31mJSON\\n', state, 1
     FROM (VALUES (1, 'dead'), (2, 'queued')) AS letter (n, state) RETURNING id`,
  );
  return rows[0]?.id ?? '';
}

const states = async () =>
  (await db.query<{ state: string }>('SELECT state FROM dead_letter ORDER BY id')).map(({ state }) => state);
const actions = () => db.query('SELECT actor, action, reason FROM audit_log');

it('lists and shows letters, for people and for programs', async () => {
  expect(await paysaga('ls')).toEqual({ code: 0, output: 'There is no dead letter.\n' });
  const id = await deadLetter();
  const { code, output } = await paysaga('ls', '--state', 'dead', '--group', 'sales');
  expect(code).toBe(0);
  const [headings, row, ...more] = output.split('\n');
  expect(headings).toMatch(/^ID +GROUP +TOPIC +KEY +STATE +ATTEMPTS +BEHIND +DUE AT +CREATED AT +REASON$/);
  expect(row).toMatch(new RegExp(`^${id} +sales +orders +ord_1 +dead +1 +1 +- +\\S+Z +not JSON$`));
  expect(more).toEqual(['']);
  expect(await json('ls', '--topic', 'nothing')).toEqual({ data: [], next_cursor: null });
  expect((await paysaga('show', id)).output).toMatch(/^behind: +1$/m);
  expect(await json('show', id)).toMatchObject({ id, value: 'not json', behind: 1 });
});

it.each(['replay', 'discard'])('%s: a dry run says what it would do, and does nothing', async (verb) => {
  const id = await deadLetter();
  expect(await paysaga(verb, id, ...reason, '--dry-run')).toEqual({
    code: 0,
    output: `Would ${verb} letter ${id}, orders/0/1 of sales; 1 later message of its key waits behind it. Nothing was done.\n`,
  });
  expect(await paysaga(verb, '--group', 'sales', ...reason, '--dry-run')).toEqual({
    code: 0,
    output: `Would ${verb} 2 letters. Nothing was done.\n`,
  });
  expect(await states()).toEqual(['dead', 'queued']);
  expect(await actions()).toEqual([]);
});

it('discards, and records the actor that is given', async () => {
  const id = await deadLetter();
  expect(await paysaga('discard', id, ...reason, '--actor', 'alice')).toMatchObject({ code: 0 });
  expect(await states()).toEqual(['discarded', 'queued']);
  expect(await actions()).toEqual([
    { actor: 'cli/alice', action: 'dead_letter.discard', reason: 'the cause is mended' },
  ]);
  expect(await json('discard', '--all', ...reason)).toEqual({ matched: 1, discarded: 1, failed: 0 });
  expect(await states()).toEqual(['discarded', 'discarded']);
});

it('ends with 1 and says so when no consumer takes a replayed letter', async () => {
  const id = await deadLetter();
  expect(await paysaga('replay', id, ...reason)).toMatchObject({
    code: 1,
    output: expect.stringContaining('as soon as a consumer of the group takes it'),
  });
  expect(await states()).toEqual(['retrying', 'queued']);
}, 30_000);

it('ends with 1 where the state does not allow it', async () => {
  await deadLetter();
  const [queued] = await db.query<{ id: string }>('SELECT max(id)::text AS id FROM dead_letter');
  for (const dryRun of [[], ['--dry-run']]) {
    expect(await paysaga('replay', queued?.id ?? '', ...reason, ...dryRun)).toMatchObject({
      code: 1,
      output: expect.stringContaining('not_first_of_key'),
    });
  }
  expect(await paysaga('show', 'x')).toMatchObject({
    code: 1,
    output: expect.stringContaining('dead_letter_not_found'),
  });
});

it.each([
  ['an act without a reason', ['replay', '1'], '--reason'],
  ['an act on nothing', ['discard', ...reason], 'Give an id'],
  ['an act on an id and a filter', ['discard', '1', '--key', 'k', ...reason], 'not both'],
  ['an act on closed letters', ['discard', '--state', 'replayed', ...reason], 'state'],
  ['an unknown state', ['ls', '--state', 'lost'], 'state'],
  ['a limit out of bounds', ['ls', '--limit', '0'], '1 to 200'],
])('ends with 2 and says why: %s', async (_, args, why) => {
  const { code, output } = await paysaga(...args);
  expect(code).toBe(2);
  expect(output).toContain(why);
});
