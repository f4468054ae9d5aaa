import fc from 'fast-check';
import type { FaultPoint } from '../../../src/platform/faults';
import { eventually, must } from '../../../testing/eventually';
import { armDelay, armFault, disarmFaults } from '../../../testing/faults';
import { readOrder, readSaga } from '../../../testing/shop';
import { attendStuck } from './attend-stuck';
import { command, DEADLINE_MS } from './command';
import { placeKind } from './place-kind';

/** Of attempts, after which a step is stuck. */
const ROUND = 8;

const REFUSABLE: readonly FaultPoint[] = [
  'billing.close_invoice',
  'ledger.credit_balance',
  'payments.settle',
  'payments.charge',
  'inventory.reserve',
];
const POINTS: readonly FaultPoint[] = [
  ...REFUSABLE,
  ...REFUSABLE.map((point) => `${point}.done` as FaultPoint),
  'billing.reopen_invoice',
  'ledger.reverse_credit',
  'payments.refund',
  'inventory.release',
  'shipping.allocate',
  'shipping.book',
  'shipping.cancel_booking',
  'shipping.dispatch',
  'orders.after_commit',
  'payments.after_commit',
  'relay.after_send',
  'consumer.before_effect',
  'consumer.after_commit',
];

const arm = fc
  .tuple(fc.constantFrom(...POINTS), fc.constantFrom('error' as const, 'crash' as const))
  .map(([point, kind]) =>
    command(`arm ${kind} at ${point}`, (_model, { stack }) =>
      eventually(() => armFault(stack.operator, point, kind), { deadlineMs: DEADLINE_MS }),
    ),
  );

/** The longer one is more than an attempt has: what it did then comes late, and another attempt was before it. */
const slowDown = fc
  .tuple(fc.constantFrom(...POINTS), fc.constantFrom(300, 6_000))
  .map(([point, delayMs]) =>
    command(`${delayMs} ms at ${point}`, (_model, { stack }) =>
      eventually(() => armDelay(stack.operator, point, delayMs), { deadlineMs: DEADLINE_MS }),
    ),
  );

/** What has no way but back fails there for a whole round; an operator acts on it, if it came to that. */
export const getStuck = fc
  .tuple(
    fc.constantFrom<FaultPoint>(
      'shipping.cancel_booking',
      'inventory.release',
      'ledger.reverse_credit',
      'payments.refund',
    ),
    fc.constantFrom('retry' as const, 'skip' as const),
  )
  .map(([point, verdict]) =>
    command(`get stuck at ${point}, and ${verdict}`, async (model, real) => {
      const { stack } = real;
      await eventually(() => armFault(stack.operator, point, 'error', ROUND + 1), { deadlineMs: DEADLINE_MS });
      const order_id = await placeKind('unshippable by card', 0, model, real);
      await eventually(
        async () => {
          const { status } = await readOrder(stack.service, order_id);
          const sagas = await Promise.all(
            ['order', 'shipment'].map((type) => readSaga(stack.service, `${type}-${order_id}`)),
          );
          const isOver = status === 'CANCELLED' || status === 'REFUNDED';
          must(isOver || sagas.some(({ state }) => state === 'stuck'), `order ${order_id} is ${status}, and not stuck`);
          await attendStuck(stack, verdict);
        },
        { deadlineMs: DEADLINE_MS },
      );
    }),
  );

const refuse = fc.constantFrom<FaultPoint>(...REFUSABLE, 'shipping.allocate', 'shipping.book').map((point) =>
  command(`refuse at ${point}`, async (model, { stack }) => {
    model.refuses(point.startsWith('shipping') ? 'shipment' : 'payment');
    await eventually(() => armFault(stack.operator, point, 'refuse'), { deadlineMs: DEADLINE_MS });
  }),
);

const disarm = fc.constant(
  command('disarm', async (model, { stack }) => {
    await eventually(() => disarmFaults(stack.operator), { deadlineMs: DEADLINE_MS });
    Object.assign(model.refusing, { payment: false, shipment: false });
  }),
);

const kill = fc
  .constantFrom('api' as const, 'worker' as const, 'consumer' as const)
  .map((name) => command(`kill ${name}`, (_model, { stack }) => stack.processes.kill(name)));

const killProvider = fc.constant(command('kill the provider', (_model, { stack }) => stack.provider.kill()));

const misbehave = fc
  .tuple(
    fc.constantFrom('test' as const, 'standby' as const, 'carrier' as const),
    fc.constantFrom('unavailable' as const, 'lose_answers' as const, 'hang' as const),
    fc.integer({ min: 1, max: 6 }),
  )
  .map(([party, behaviour, times]) =>
    command(`${party}: ${behaviour}, ${times} times`, (_model, { stack }) =>
      eventually(() => stack.provider.behave(party, behaviour, times), { deadlineMs: DEADLINE_MS }),
    ),
  );

/** What goes wrong in the shop, and beside it. */
export const faultCommands = [arm, slowDown, refuse, disarm, kill, killProvider, misbehave];
