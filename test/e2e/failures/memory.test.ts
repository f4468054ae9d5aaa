import { readFile } from 'node:fs/promises';
import type { ProcessName } from '../../../dev/stack/process-environment';
import { newClientId, type OrderResponse, pay, payUntilSettled, placeOrder, untilStatus } from '../../../testing/shop';
import { type E2eStack, startE2eStack } from '../../support/e2e-stack';
import { type OwnService, startOwnService } from '../../support/own-service';

/** What the container of each process has (`docs/deploy.md`), in MiB. */
const LIMITS = { api: 256, worker: 512, consumer: 256 };

const WAITING = 1_500;
const AT_A_TIME = 50;
const WITHOUT_KAFKA = 300;
/** The machine may take one connection after the other. */
const PATIENT_MS = 120_000;
const DEADLINE_MS = 240_000;

let kafka: OwnService;
let stack: E2eStack;
beforeAll(async () => {
  kafka = await startOwnService('kafka');
  stack = await startE2eStack({ services: kafka.addresses, restart: false });
}, 120_000);
afterAll(async () => {
  await stack?.stop();
  await kafka?.stop();
}, 60_000);

/** The most that a process ever had in memory, from Linux's `/proc` (proc(5), VmHWM), in MiB. */
async function peakMiB(name: ProcessName): Promise<number> {
  const status = await readFile(`/proc/${stack.processes[name].pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}

async function placeMany(count: number): Promise<OrderResponse[]> {
  const orders: OrderResponse[] = [];
  while (orders.length < count) {
    orders.push(...(await Promise.all(Array.from({ length: AT_A_TIME }, () => placeOrder(stack.service)))));
  }
  return orders;
}

it(
  'all keep to their memory while Kafka is away, and when it is back',
  async () => {
    await kafka.stop();
    const paid: OrderResponse[] = [];
    while (paid.length < WITHOUT_KAFKA) {
      const orders = await placeMany(AT_A_TIME);
      await Promise.all(
        orders.map((order) => payUntilSettled(stack.service, order, { payment_id: newClientId('pay') }, PATIENT_MS)),
      );
      paid.push(...orders);
    }
    await kafka.start();
    await Promise.all(paid.map(({ order_id }) => untilStatus(stack.service, order_id, 'FULFILLED', PATIENT_MS)));
    for (const name of ['api', 'worker', 'consumer'] as const) {
      expect({ name, isWithin: (await peakMiB(name)) < LIMITS[name] }).toEqual({ name, isWithin: true });
    }
  },
  DEADLINE_MS,
);

it(
  `the API keeps to its memory while ${WAITING} payments wait for their sagas`,
  async () => {
    const orders = await placeMany(WAITING);
    await stack.processes.kill('worker');
    const payments = orders.map((order) => pay(stack.service, order, { wait: 15, timeoutMs: PATIENT_MS }));
    const statuses = new Set((await Promise.all(payments)).map(({ status }) => status));
    expect([...statuses].filter((status) => status !== 202 && status !== 503)).toEqual([]);
    expect(await peakMiB('api')).toBeLessThan(LIMITS.api);
  },
  DEADLINE_MS,
);
