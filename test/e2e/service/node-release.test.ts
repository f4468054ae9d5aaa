import { run } from '../../../dev/os/child';
import { eventually } from '../../../testing/eventually';
import { type HealthView, pay, placeOrder, untilStatus } from '../../../testing/shop';
import { type BareDeployment, startBareDeployment } from '../../support/bare-deployment';
import { installNode } from '../../support/node-release';

/** That of the image. */
const NEWEST = '24.21.0';

let bare: BareDeployment | undefined;
afterAll(() => bare?.stop(), 60_000);

it('the built service runs on the newest Node.js: it is set up, and an order is placed, paid and fulfilled', async () => {
  const node = await installNode(NEWEST);
  expect(await run(node, ['--version'])).toEqual({ code: 0, output: `v${NEWEST}\n` });
  bare = await startBareDeployment(node);
  const { paysaga, api, serve, settings, log } = bare;
  const setup = await paysaga('setup', { ...settings, PAYSAGA_DEMO: '1' });
  expect(setup).toMatchObject({ code: 0, output: expect.stringContaining('Made the products vps.s, ') as string });
  const [, key] = /An operator's key, shown this once: (\S+)/.exec(setup.output) ?? [];
  const operator = api(key);
  await serve();
  await eventually(
    async () => {
      const { body } = await operator.call<HealthView>('GET', '/health');
      expect(body.status).toBe('healthy');
    },
    { deadlineMs: 60_000, everyMs: 200 },
  );

  const order = await placeOrder(operator);
  expect(await pay(operator, order)).toMatchObject({ status: 200, body: { status: 'ok' } });
  await untilStatus(operator, order.order_id, 'FULFILLED', 30_000);
  expect(log.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
}, 300_000);
