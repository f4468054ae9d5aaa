import type { SagaStatus, ShipmentSagaInput } from '../../src/temporal-contract';
import { shipmentSaga } from '../../workflows';
import { breaks, everyStepFails, failureOf, refuses } from '../../workflows/saga/testing';
import { shipmentFollowUps, shipmentSteps, type Waybill } from '../../workflows/shipment-saga';
import { createSagaFakes } from '../support/sagas/saga-activities';
import { createSagaEnvironment, recordedAs, type SagaEnvironment, stepStates } from '../support/sagas/saga-environment';
import { shipmentSagaInput } from '../support/sagas/saga-inputs';

let sagas: SagaEnvironment<ShipmentSagaInput, Waybill>;
beforeAll(async () => {
  sagas = await createSagaEnvironment({ workflow: shipmentSaga, newInput: shipmentSagaInput });
}, 60_000);
afterAll(() => sagas?.close());

it('allocates, books and dispatches, without a refund', async () => {
  const fake = createSagaFakes();
  await sagas.tell('shipment-completed', fake, async (saga) => {
    expect(await saga.result()).toEqual({ booking_ref: 'bkg_1' });
    expect(fake.calls).toEqual(['allocateGoods', 'bookCarrier', 'dispatchGoods']);
  });
});

describe('a shipment, when a step fails', () => {
  const input = shipmentSagaInput();
  const table = everyStepFails({
    steps: shipmentSteps(input, { booking_ref: '' }),
    followUps: shipmentFollowUps(input),
  });

  it.each(table)('$title', async ({ title, arm, check }) => {
    const fake = createSagaFakes();
    arm(fake);
    await sagas.tell(recordedAs('shipment', title), fake, (saga) => check(saga, fake));
  });
});

it('releases the goods before the refund when the carrier refuses', async () => {
  const fake = createSagaFakes();
  fake.make('bookCarrier', refuses('unshippable'));
  await sagas.tell('shipment-refunded', fake, async (saga) => {
    expect(await failureOf(saga)).toMatchObject({ failed_step: 'book_carrier', code: 'unshippable' });
    expect(fake.calls.slice(2).filter((call) => !call.startsWith('record'))).toEqual([
      'cancelBooking',
      'releaseGoods',
      'reversePaymentCredit',
      'refundPayment',
    ]);
  });
});

it('a failing refund is stuck until it succeeds, and cannot be skipped', async () => {
  const fake = createSagaFakes();
  fake.make('bookCarrier', refuses('unshippable'));
  fake.make('refundPayment', breaks(8));
  await sagas.tell('shipment-stuck-retried', fake, async (saga) => {
    const status = await sagas.until(saga, ({ state }) => state === 'stuck');
    expect(stepStates(status)).toEqual([
      'allocate undone',
      'book_carrier undone',
      'dispatch pending',
      'reverse_credit done',
      'refund_payment running',
    ]);
    const decision = { step: 'refund_payment', actor: 'key_op', reason: 'the provider is back' };
    await expect(saga.executeUpdate('skipStep', { args: [decision] })).rejects.toMatchObject({
      cause: { type: 'step_not_stuck' },
    });
    await saga.executeUpdate('retryStep', { args: [decision] });
    await failureOf(saga);
    expect((await saga.query<SagaStatus>('status')).state).toBe('compensated');
    expect(fake.attemptsOf('refundPayment')).toBe(9);
  });
});

it('refunds the payment when it is cancelled before the dispatch', async () => {
  const fake = createSagaFakes();
  fake.make('bookCarrier', breaks());
  await sagas.tell('shipment-cancelled', fake, async (saga) => {
    await sagas.until(saga, () => fake.attemptsOf('bookCarrier') > 1, '10ms');
    await saga.executeUpdate('cancel', { args: [{ actor: 'key_op', reason: 'wrong address' }] });
    expect(await failureOf(saga)).toMatchObject({ failed_step: 'book_carrier', code: 'cancelled' });
    expect(fake.calls.slice(-2)).toEqual(['refundPayment', 'record compensated']);
  });
});
