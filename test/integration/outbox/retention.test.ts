import { randomUUID } from 'node:crypto';
import { MockActivityEnvironment } from '@temporalio/testing';
import { NativeConnection, Worker } from '@temporalio/worker';
import { createRetentionActivities } from '../../../activities';
import { createApplication } from '../../../src/application';
import { placeOrder } from '../../../src/orders/place-order';
import { createLogger } from '../../../src/platform/logger';
import { keepScheduled } from '../../../src/platform/temporal/keep-scheduled';
import { connectTemporalClient, type TemporalClient } from '../../../src/platform/temporal/temporal';
import { RETENTION, type RetentionReport, taskQueues } from '../../../src/temporal-contract';
import { eventually } from '../../../testing/eventually';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { givenServices } from '../../support/e2e-stack';
import { silentLogger } from '../../support/logger';
import { createTcpProxy } from '../../support/network/tcp-proxy';
import { newOrder } from '../../support/new-order';
import { silenceTemporal } from '../../support/sagas/time-skipping-server';
import { workflowBundle } from '../../support/sagas/workflow-bundle';
import { createNamespace } from '../../support/temporal';

const within = { deadlineMs: 20_000 };

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterEach(() => db.empty('idempotency_key', 'dead_letter'));
afterAll(() => db.close());

/** Keys that expire after so many seconds from now, or expired before. */
const keepKeys = (scope: string, count: number, seconds: number) =>
  db.query(
    `INSERT INTO idempotency_key (scope, key, expires_at)
     SELECT $1, 'key_' || n, now() + $3::int * interval '1 second' FROM generate_series(1, $2::int) AS n`,
    scope,
    count,
    seconds,
  );

const keysOf = async (): Promise<Record<string, number>> => {
  const rows = await db.query<{ scope: string; keys: number }>(
    'SELECT scope, count(*)::int AS keys FROM idempotency_key GROUP BY scope',
  );
  return Object.fromEntries(rows.map(({ scope, keys }) => [scope, keys]));
};

const mediator = () => createApplication({ database: db.database, logger: silentLogger });

/** The activity as a worker runs it; each heartbeat is a batch that was deleted. */
async function clean(batchSize: number, environment = new MockActivityEnvironment()) {
  let batches = 0;
  environment.on('heartbeat', () => (batches += 1));
  const { deleteExpiredRows } = createRetentionActivities({ mediator: mediator(), batchSize });
  const report = (await environment.run(deleteExpiredRows)) as RetentionReport;
  return { report, batches };
}

describe('deleting what has expired', () => {
  it('deletes expired keys in bounded batches, and no other', async () => {
    await keepKeys('expired', 25, -1);
    await keepKeys('soon', 5, 60);
    await keepKeys('later', 5, 90 * 86_400);
    const { report, batches } = await clean(10);
    expect(report).toEqual({ idempotency_key: 25, dead_letter: 0 });
    // 10, 10 and 5 keys, and no dead letter.
    expect(batches).toBe(4);
    expect(await keysOf()).toEqual({ soon: 5, later: 5 });
  });

  it('leaves the keys of a saga that has not ended, however old they are', async () => {
    await db.query(`INSERT INTO product VALUES ('vps.s', 'VPS', 'service', 9900, 'EUR')`);
    const { order_id } = await mediator().send(placeOrder(newOrder));
    for (const [saga_id, ended_at] of [
      ['payment-stuck', null],
      ['payment-done', new Date()],
    ] as const) {
      await db.query(
        `INSERT INTO saga (saga_id, type, state, order_id, customer_id, input, correlation_id, created_at, ended_at)
         VALUES ($1, 'payment', $2, $3, 'cus_1', '{}', 'req_1', now() - interval '100 days', $4)`,
        saga_id,
        ended_at ? 'compensated' : 'stuck',
        order_id,
        ended_at,
      );
      await keepKeys(saga_id, 3, -1);
    }
    expect((await clean(10)).report).toEqual({ idempotency_key: 3, dead_letter: 0 });
    expect(await keysOf()).toEqual({ 'payment-stuck': 3 });
  });

  it('deletes dead letters that were closed 90 days ago, and no open one', async () => {
    const states = ['retrying', 'queued', 'dead', 'replayed', 'discarded'];
    for (const [offset, state] of states.entries()) {
      for (const days of [89, 91]) {
        await db.query(
          `INSERT INTO dead_letter (consumer_group, topic, partition, "offset", key, headers, reason, state, created_at)
           VALUES ('group', 'topic', $1, $2, 'key', '{}', 'test', $3, now() - $1::int * interval '1 day')`,
          days,
          offset,
          state,
        );
      }
    }
    expect((await clean(10)).report).toEqual({ idempotency_key: 0, dead_letter: 2 });
    const old = await db.query<{ state: string }>(
      'SELECT state FROM dead_letter WHERE partition = 91 ORDER BY "offset"',
    );
    expect(old.map(({ state }) => state)).toEqual(['retrying', 'queued', 'dead']);
    expect(await db.query('SELECT FROM dead_letter WHERE partition = 89')).toHaveLength(5);
  });

  it('leaves a key that somebody has locked to the next time', async () => {
    await keepKeys('expired', 3, -1);
    await db.query('BEGIN');
    await db.query(`SELECT FROM idempotency_key WHERE key = 'key_2' FOR UPDATE`);
    expect((await clean(10)).report.idempotency_key).toBe(2);
    await db.query('COMMIT');
    expect((await clean(10)).report.idempotency_key).toBe(1);
  });

  it('stops between two batches when its worker shuts down', async () => {
    await keepKeys('expired', 25, -1);
    const environment = new MockActivityEnvironment();
    environment.on('heartbeat', () => environment.cancel('WORKER_SHUTDOWN'));
    const { report } = await clean(10, environment);
    expect(report.idempotency_key).toBe(10);
    expect(await keysOf()).toEqual({ expired: 15 });
  });
});

describe('the schedule', () => {
  const namespace = `housekeeping-${randomUUID()}`;
  let temporal: TemporalClient;
  let address: string;
  const stops: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    silenceTemporal();
    address = givenServices().temporalAddress;
    await createNamespace({ address, namespace });
    temporal = connectTemporalClient({ config: { connection: { address }, namespace } });
  });
  afterEach(async () => {
    await Promise.all(stops.splice(0).map((stop) => stop()));
  });
  afterAll(() => temporal.close());

  /** The worker's part. @returns the log's lines */
  function keep(intervalMs: number, client = temporal): string[] {
    const lines: string[] = [];
    const logger = createLogger({ name: 'test', level: 'silent', pretty: false });
    logger.info = logger.debug = ((_: object, line: string) => void lines.push(line)) as typeof logger.info;
    const abort = new AbortController();
    const running = keepScheduled({
      temporal: client,
      scheduled: { id: RETENTION, workflowType: RETENTION, intervalMs, summary: 'deletes what has expired' },
      logger,
      signal: abort.signal,
    });
    stops.push(async () => {
      abort.abort();
      await running;
    });
    return lines;
  }

  const handle = () => temporal.client.schedule.getHandle(RETENTION);
  const says = (lines: readonly string[], line: string) => eventually(() => expect(lines).toEqual([line]), within);

  it('is made by the first worker, takes the interval of the next, and stays paused when it was', async () => {
    await says(keep(3_600_000), 'schedule.created');
    expect((await handle().describe()).spec.intervals).toMatchObject([{ every: 3_600_000 }]);
    await handle().pause('looking into it');

    await says(keep(60_000), 'schedule.updated');
    const { spec, state, policies } = await handle().describe();
    expect(spec.intervals).toMatchObject([{ every: 60_000 }]);
    expect(policies.overlap).toBe('SKIP');
    expect(state).toMatchObject({ paused: true, note: 'looking into it' });
    await handle().unpause();
  });

  it('is made as soon as Temporal is there', async () => {
    await handle().delete();
    const [host = '', port = ''] = address.split(':');
    const proxy = await createTcpProxy({ host, port: Number(port) });
    proxy.cut();
    const config = { connection: { address: `127.0.0.1:${proxy.port}` }, namespace };
    const away = connectTemporalClient({ config });
    const lines = keep(3_600_000, away);
    await says(lines, 'schedule.waits');
    proxy.restore();
    await eventually(() => expect(lines.at(-1)).toBe('schedule.created'), within);
    await Promise.all(stops.splice(0).map((stop) => stop()));
    await away.close();
    await proxy.close();
  });

  it('runs the workflow, which deletes what has expired; a schedule that is right already is not logged', async () => {
    const lines = keep(3_600_000);
    await keepKeys('expired', 7, -1);
    await keepKeys('later', 3, 60);
    const connection = await NativeConnection.connect({ address });
    const worker = await Worker.create({
      connection,
      namespace,
      taskQueue: taskQueues.sagas,
      workflowBundle: await workflowBundle(),
      activities: createRetentionActivities({ mediator: mediator(), batchSize: 5 }),
    });
    await worker.runUntil(async () => {
      await handle().trigger();
      const started = await eventually(async () => {
        const [action] = (await handle().describe()).info.recentActions;
        if (action?.action.type !== 'startWorkflow') throw new Error('The schedule has not started it yet.');
        return action.action.workflow;
      }, within);
      const report = (await temporal.client.workflow
        .getHandle(started.workflowId, started.firstExecutionRunId)
        .result()) as RetentionReport;
      expect(report).toEqual({ idempotency_key: 7, dead_letter: 0 });
    });
    await connection.close();
    expect(await keysOf()).toEqual({ later: 3 });
    // A slow server may make it wait; it must not find anything to change.
    expect(lines.filter((line) => line !== 'schedule.waits')).toEqual([]);
  });
});
