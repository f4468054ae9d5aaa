import { eventually } from '../../../dev/client/eventually';
import { pay, placeOrder, untilStatus } from '../../../dev/client/shop';
import { query } from '../../../dev/checker/rows.sql';
import type { HealthView } from '../../../dev/client/views';
import { type BareDeployment, startBareDeployment } from '../../support/bare-deployment';

const within = { deadlineMs: 30_000, everyMs: 200 };
const AGAIN = `The database is up to date.
The roles are there; each has its privileges.
All 6 topics are there.
`;

let bare: BareDeployment;
beforeAll(async () => (bare = await startBareDeployment()), 120_000);
afterAll(() => bare?.stop(), 60_000);

const health = async () => (await bare.api().call<HealthView>('GET', '/health/ready')).body;

describe('on a bare database, broker and namespace', () => {
  it('the three processes say what is missing, with the command that makes it, and wait for it', async () => {
    await bare.serve();
    const missing = {
      database: 'the database is not migrated: run `paysaga setup database`',
      topics: expect.stringMatching(/^Kafka lacks the topics paysaga\..*: run `paysaga setup topics`$/) as string,
      temporal: `Temporal has no namespace ${bare.namespace}: run \`paysaga setup temporal\``,
    };
    await eventually(() => {
      const told = bare.log.filter(({ msg }) => msg === 'setup.missing');
      for (const name of ['api', 'worker', 'consumer'] as const) {
        const needs = name === 'consumer' ? [missing.database, missing.topics] : Object.values(missing);
        for (const text of needs)
          expect(told).toContainEqual(expect.objectContaining({ name, missing: text, level: 'error' }));
      }
    }, within);
    expect((await health()).status).toBe('unhealthy');
    expect((await health()).checks).toMatchObject({
      database: { status: 'unhealthy', detail: missing.database },
      broker: { status: 'unhealthy', detail: missing.topics },
      temporal: { status: 'unhealthy', detail: missing.temporal },
    });
    for (const url of [bare.urls.worker, bare.urls.consumer]) {
      const answer = await fetch(`${url}/health/ready`);
      expect([answer.status, await answer.text()]).toEqual([
        503,
        expect.stringContaining('run `paysaga setup database`'),
      ]);
    }
  }, 60_000);

  it('`paysaga setup` makes all of it, and nothing the second time', async () => {
    const first = await bare.paysaga('setup');
    expect(first.output).toMatch(/^Applied \d+_initial, /);
    expect(first.output).toContain(`Made the namespace ${bare.namespace}; made PaysagaOrderId, `);
    expect(first.output).toContain('Made the schedules housekeeping, unpaidSweep, reconciliation.');
    expect(first.code).toBe(0);
    const second = await bare.paysaga('setup');
    expect(second).toEqual({
      code: 0,
      output:
        AGAIN +
        `The namespace ${bare.namespace} is there; all search attributes are there.\nAll 3 schedules are there.\n`,
    });
  }, 180_000);

  it('the processes go on by themselves, and an order is placed, paid and fulfilled', async () => {
    await query(
      bare.database,
      `INSERT INTO product (sku, name, kind, price, currency) VALUES ('vps.s', 'VPS', 'service', 9900, 'EUR')`,
      [],
    );
    const { output } = await bare.paysaga('keys create --role service');
    const api = bare.api(output.trim());
    await eventually(async () => expect((await health()).status).toBe('healthy'), within);
    const order = await placeOrder(api);
    expect(await pay(api, order)).toMatchObject({ status: 200, body: { status: 'ok' } });
    await untilStatus(api, order.order_id, 'FULFILLED', 30_000);
  }, 90_000);
});
