import { run } from '../../../dev/os/child';
import { fromRoot } from '../../../dev/os/files';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { appendThing } from '../../support/outbox/outbox';

/** The command line does its work in the database. */
const addresses = { KAFKA_BROKERS: 'nowhere:1', TEMPORAL_ADDRESS: 'nowhere:1' };
const reason = ['--reason', 'the broker was full'];

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterEach(() => db.empty('outbox', 'event', 'outbox_replay', 'audit_log'));
afterAll(() => db.close());

/** The built program, as a shell runs it. */
function paysaga(...args: string[]) {
  const env = { ...process.env, ...addresses, DATABASE_URL: db.url };
  return run(process.execPath, [fromRoot('dist', 'src', 'cli.js'), 'outbox', ...args], { env });
}

const json = async (...args: string[]): Promise<Record<string, unknown>> =>
  JSON.parse((await paysaga(...args, '--json')).output) as Record<string, unknown>;

/** Appends a dead letter and a row behind it. @returns the id of the dead letter */
async function parkedRow(): Promise<string> {
  for (const version of [1, 2]) await appendThing(db, { aggregateId: 'thing_1', version });
  const [row] = await db.query<{ id: string }>(
    `UPDATE outbox SET parked_at = now(), attempts = 4, last_error = E'too \\x1b[31mlarge\\n' WHERE id = (SELECT min(id) FROM outbox)
     RETURNING id`,
  );
  return row?.id ?? '';
}

const actions = () => db.query<{ actor: string; action: string }>('SELECT actor, action, reason FROM audit_log');
const parked = () => db.query('SELECT FROM outbox WHERE parked_at IS NOT NULL');

it('lists and shows dead letters of the outbox, for people and for programs', async () => {
  expect(await paysaga('ls')).toEqual({ code: 0, output: 'No row is parked.\n' });
  const id = await parkedRow();
  const { code, output } = await paysaga('ls');
  expect(code).toBe(0);
  const [headings, row, ...more] = output.split('\n');
  expect(headings).toMatch(/^ID +TYPE +AGGREGATE +SHARD +ATTEMPTS +PARKED AT +LAST ERROR$/);
  expect(row).toMatch(new RegExp(`^${id} +thing\\.happened +thing_1 +\\d+ +4 +\\S+Z +too large$`));
  expect(more).toEqual(['']);
  expect(await json('ls')).toMatchObject({ data: [{ id, attempts: 4 }], next_cursor: null });

  const shown = await paysaga('show', id);
  expect(shown.code).toBe(0);
  expect(shown.output).toMatch(/^behind: +1$/m);
  expect(await json('show', id)).toMatchObject({ id, version: 1, behind: 1 });
});

it.each(['requeue', 'discard'])('%s: a dry run says what it would do, and does nothing', async (verb) => {
  const id = await parkedRow();
  const { code, output } = await paysaga(verb, id, ...reason, '--dry-run');
  expect({ code, output }).toEqual({
    code: 0,
    output: `Would ${verb} row ${id}, thing.happened of thing_1; 1 later row goes on behind it. Nothing was done.\n`,
  });
  expect(await parked()).toHaveLength(1);
  expect(await actions()).toEqual([]);
});

it.each([
  ['requeue', 2],
  ['discard', 1],
])('%s: acts, and records the actor that is given', async (verb, left) => {
  const id = await parkedRow();
  const { code } = await paysaga(verb, id, ...reason, '--actor', 'alice');
  expect(code).toBe(0);
  expect(await actions()).toEqual([{ actor: 'cli/alice', action: `outbox.${verb}`, reason: 'the broker was full' }]);
  expect(await parked()).toHaveLength(0);
  expect(await db.query('SELECT FROM outbox')).toHaveLength(left);
});

it('records the user of the shell where no actor is given', async () => {
  await paysaga('requeue', await parkedRow(), ...reason);
  expect(await actions()).toMatchObject([{ actor: expect.stringMatching(/^cli\/.+/) }]);
});

it('ends with 1 where the state does not allow it', async () => {
  const id = await parkedRow();
  const [behind] = await db.query<{ id: string }>('SELECT max(id)::text AS id FROM outbox');
  for (const dryRun of [[], ['--dry-run']]) {
    const refused = await paysaga('requeue', behind?.id ?? '', ...reason, ...dryRun);
    expect(refused).toMatchObject({ code: 1, output: expect.stringContaining('not a dead letter') });
  }
  expect(await paysaga('discard', '999', ...reason)).toMatchObject({ code: 1 });
  expect(await paysaga('show', 'x')).toMatchObject({
    code: 1,
    output: expect.stringContaining('outbox_row_not_found'),
  });
  expect(await paysaga('replay-status', 'rpl_1')).toMatchObject({ code: 1 });
  expect(await parked()).toHaveLength(1);
  expect(id).not.toBe('');
});

it('ends with 1 and a sentence while the database is away', async () => {
  const env = { ...process.env, ...addresses, DATABASE_URL: 'postgresql://nobody:x@127.0.0.1:1/nothing' };
  const away = await run(process.execPath, [fromRoot('dist', 'src', 'cli.js'), 'outbox', 'ls'], { env });
  expect(away).toEqual({ code: 1, output: 'The database does not answer; see DATABASE_URL.\n' });
});

it.each([
  ['an act without a reason', ['requeue', '1'], '--reason'],
  ['a reason that is too long', ['requeue', '1', '--reason', 'x'.repeat(501)], 'reason'],
  ['an act on no row', ['discard', ...reason], 'id'],
  ['an unknown state', ['ls', '--state', 'lost'], 'state'],
  ['a limit out of bounds', ['ls', '--limit', '0'], '1 to 200'],
  ['an unknown command', ['drop'], 'drop'],
  ['a replay of no range', ['replay', ...reason], 'at least one of'],
  ['a replay of versions that are none', ['replay', ...reason, '--versions', '1-2'], '3..7'],
  ['a replay since a time that is none', ['replay', ...reason, '--from', 'yesterday'], 'from'],
])('ends with 2 and says why: %s', async (_, args, why) => {
  const { code, output } = await paysaga(...args);
  expect(code).toBe(2);
  expect(output).toContain(why);
  expect(output).not.toMatch(/^ {4}at /m);
});

describe('replay', () => {
  /** Two orders of an hour ago, one of them paid, all published. */
  const fillLog = () =>
    db.query(
      `INSERT INTO event (event_id, aggregate_type, aggregate_id, version, type, data_version, payload, occurred_at, correlation_id)
       SELECT 'evt_' || id || version, 'order', id, version, type, 1, '{}', now() - interval '1 hour', 'req_test'
       FROM (VALUES ('ord_1', 1, 'order.placed'), ('ord_1', 2, 'order.paid'), ('ord_2', 1, 'order.placed'))
         AS happened (id, version, type)`,
    );

  it('says in a dry run how much it touches, and orders it without', async () => {
    await fillLog();
    await db.query(
      `INSERT INTO idempotency_key (scope, key, expires_at) VALUES ('sales-projection', 'evt_ord_12', now() + interval '1 day')`,
    );
    const dry = await paysaga('replay', '--aggregate', 'ord_1', 'ord_2', ...reason, '--dry-run');
    expect(dry.code).toBe(0);
    expect(dry.output).toContain('Would publish again 3 events of 2 aggregates.');
    expect(dry.output).toMatch(/^paysaga\.order +3$/m);
    expect(dry.output).toMatch(/^sales-projection +3 +1$/m);
    expect(dry.output).toContain('Nothing was done.');
    expect(await actions()).toEqual([]);

    const today = new Date(Date.now() - 3_600_000).toISOString().slice(0, 10);
    expect(await json('replay', '--from', today, '--to', today, ...reason, '--dry-run')).toMatchObject({ events: 3 });

    const ordered = await json('replay', '--type', 'order.placed', '--versions', '..1', ...reason);
    expect(ordered).toMatchObject({ replay_id: expect.stringMatching(/^rpl_/), events: 2, keys: 2 });
    expect(await actions()).toMatchObject([{ action: 'outbox.replay' }]);
    const status = await json('replay-status', String(ordered.replay_id));
    expect(status).toMatchObject({ events: 2, written: 0, finished_at: null, range: { versions: { to: 1 } } });
  });
});
