import { Client } from 'pg';
import { shardOf } from '../../../src/events/append';
import { createLowWatermarks } from '../../../src/outbox/low-watermark';
import { claimPending, deletePublished, type Lease, takeShards } from '../../../src/outbox/relay.sql';
import { sessionConfig } from '../../../src/platform/database/session';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { appendThing } from '../../support/outbox/outbox';
import { allShards } from '../../support/outbox/relay';

const AGGREGATE = 'thing_1';
const shard = shardOf(AGGREGATE);

let db: TestDatabase;
let leases: Lease[];
let clock = 0;
beforeAll(async () => {
  db = await createTestDatabase();
  leases = await takeShards(db.database, allShards);
});
beforeEach(() => db.empty('outbox', 'event'));
afterAll(() => db.close());

const createBounds = () => createLowWatermarks(db.database, allShards, () => clock);
type Bounds = ReturnType<typeof createBounds>;

/** Notes the highest id, and looks again later. */
async function advanceTwice(bounds: Bounds): Promise<bigint> {
  for (let look = 0; look < 2; look += 1) {
    clock += 1_000;
    await bounds.advance();
  }
  return BigInt(bounds.current.get(shard) ?? -1);
}

const append = (connection: Pick<TestDatabase, 'query'>, version: number) =>
  appendThing(connection, { aggregateId: AGGREGATE, version });

async function claim(bounds: Bounds): Promise<string[]> {
  const options = { limit: 100, inFlight: [], lowWatermarks: bounds.current };
  return (await claimPending(db.database, leases, options)).rows.map(({ id }) => id);
}

test('rises behind published rows, and stays at the first pending row', async () => {
  const bounds = createBounds();
  await append(db, 1);
  await append(db, 2);
  const [first = '', second = ''] = await claim(bounds);
  expect(await advanceTwice(bounds)).toBe(BigInt(first));
  await deletePublished(db.database, leases, [first]);
  expect(await advanceTwice(bounds)).toBe(BigInt(second));
  await deletePublished(db.database, leases, [second]);
  expect(await advanceTwice(bounds)).toBe(BigInt(second) + 1n);
  await append(db, 3);
  expect(await claim(bounds)).toHaveLength(1);
});

test('stays at a dead letter, so that a requeue finds it', async () => {
  const bounds = createBounds();
  await append(db, 1);
  const [id = ''] = await claim(bounds);
  await db.query('UPDATE outbox SET parked_at = now()');
  expect(await claim(bounds)).toEqual([]);
  expect(await advanceTwice(bounds)).toBe(BigInt(id));
  await db.query('UPDATE outbox SET parked_at = NULL');
  expect(await claim(bounds)).toEqual([id]);
});

test('waits for a transaction that has drawn a lower id', async () => {
  const bounds = createBounds();
  const writer = new Client(sessionConfig({ url: db.url, applicationName: 'paysaga-test-look' }));
  await writer.connect();
  const inWriter = {
    query: async <Row>(sql: string, ...values: unknown[]) => (await writer.query(sql, values)).rows as Row[],
  };
  try {
    await writer.query('BEGIN');
    await append(inWriter, 1);
    await appendThing(db, { aggregateId: AGGREGATE, version: 2 });
    const [later = ''] = await claim(bounds);
    await deletePublished(db.database, leases, [later]);
    const before = await advanceTwice(bounds);
    expect(await advanceTwice(bounds)).toBe(before);
    expect(before).toBeLessThan(BigInt(later));

    await writer.query('COMMIT');
    const found = await claim(bounds);
    expect(found.map(BigInt)).toEqual([BigInt(later) - 1n]);
    expect(await advanceTwice(bounds)).toBe(BigInt(later) - 1n);
    expect(await claim(bounds)).toEqual(found);
  } finally {
    await writer.end();
  }
});

test('a transaction without a lock on the outbox does not hold it back', async () => {
  const bounds = createBounds();
  const reader = new Client(sessionConfig({ url: db.url, applicationName: 'paysaga-test-look' }));
  await reader.connect();
  try {
    await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await reader.query('SELECT count(*) FROM outbox');
    await append(db, 1);
    const [id = ''] = await claim(bounds);
    await deletePublished(db.database, leases, [id]);
    expect(await advanceTwice(bounds)).toBe(BigInt(id) + 1n);
  } finally {
    await reader.end();
  }
});
