import type { OrderSagaInput, PaymentSagaResult, SagaStatus } from '../../src/temporal-contract';
import { orderSaga } from '../../workflows';
import { orderSteps } from '../../workflows/order-saga';
import { breaks, everyStepFails, failureOf, opensCircuit, refuses } from '../../workflows/saga/testing';
import { createSagaFakes } from '../support/sagas/saga-activities';
import { createSagaEnvironment, recordedAs, type SagaEnvironment, stepStates } from '../support/sagas/saga-environment';
import { orderSagaInput } from '../support/sagas/saga-inputs';

let sagas: SagaEnvironment<OrderSagaInput, PaymentSagaResult>;
beforeAll(async () => {
  sagas = await createSagaEnvironment({ workflow: orderSaga, newInput: orderSagaInput });
}, 60_000);
afterAll(() => sagas?.close());

const receipt = { capture_ref: 'cap_1', balance_tx_id: 'ltx_1' };
const undoing = ['releaseInventory', 'refundCharge', 'reopenInvoice', 'reverseCredit'];

it('reserves, charges and processes the payment, each once', async () => {
  const fake = createSagaFakes();
  await sagas.tell('order-completed', fake, async (saga) => {
    expect(await saga.result()).toEqual(receipt);
    expect(fake.calls).toEqual(['reserveInventory', 'charge', 'closeInvoice', 'creditBalance', 'settlePayment']);
  });
});

describe('an order, when a step fails', () => {
  const steps = orderSteps(orderSagaInput(), { ...receipt });

  it.each(everyStepFails({ steps }))('$title', async ({ title, arm, check }) => {
    const fake = createSagaFakes();
    arm(fake);
    await sagas.tell(recordedAs('order', title), fake, (saga) => check(saga, fake));
  });
});

it('charges at another provider when the first is unavailable, and compensates that charge', async () => {
  const fake = createSagaFakes();
  fake.make('charge', opensCircuit());
  fake.make('closeInvoice', refuses('order_not_payable'));
  await sagas.tell('order-charged-elsewhere', fake, async (saga) => {
    expect(await failureOf(saga)).toMatchObject({ failed_step: 'close_invoice' });
    expect(fake.argumentsOf('chargeElsewhere')).toEqual(fake.argumentsOf('charge'));
    expect(fake.calls.filter((call) => undoing.includes(call))).toEqual([
      'reopenInvoice',
      'refundCharge',
      'releaseInventory',
    ]);
  });
});

it.each([
  ['reserveInventory', ['releaseInventory']],
  ['charge', ['refundCharge', 'releaseInventory']],
  ['closeInvoice', ['reopenInvoice', 'refundCharge', 'releaseInventory']],
  ['creditBalance', ['reverseCredit', 'reopenInvoice', 'refundCharge', 'releaseInventory']],
] as const)('a customer’s cancellation while %s is tried compensates every started step', async (name, undone) => {
  const fake = createSagaFakes();
  fake.make(name, breaks());
  await sagas.tell(`order-cancelled-${name}`, fake, async (saga) => {
    await sagas.until(saga, () => fake.attemptsOf(name) > 1, '10ms');
    await saga.executeUpdate('cancel', { args: [{ actor: 'key_cus', reason: 'changed my mind' }] });
    expect(await failureOf(saga)).toMatchObject({ code: 'cancelled' });
    expect(fake.calls.filter((call) => undoing.includes(call))).toEqual(undone);
  });
});

it('a failing refund is stuck until an operator skips it', async () => {
  const fake = createSagaFakes();
  fake.make('settlePayment', refuses('order_not_payable'));
  fake.make('refundCharge', breaks());
  await sagas.tell('order-stuck-skipped', fake, async (saga) => {
    await sagas.until(saga, ({ state, steps }) => state === 'stuck' && steps[0]?.state === 'undone');
    const decision = { step: 'charge', actor: 'key_op', reason: 'paid back by hand' };
    await saga.executeUpdate('skipStep', { args: [decision] });
    await failureOf(saga);
    expect(stepStates(await saga.query<SagaStatus>('status'))).toEqual([
      'reserve_inventory undone',
      'charge skipped',
      'close_invoice undone',
      'credit_balance undone',
      'settle failed',
    ]);
  });
});
