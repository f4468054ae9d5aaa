import type { PaymentSagaInput, PaymentSagaResult, SagaStatus } from '../../src/temporal-contract';
import { paymentSaga } from '../../workflows';
import { breaks, failureOf, minutesOf, refuses } from '../../workflows/saga/testing';
import { createSagaFakes } from '../support/sagas/saga-activities';
import { createSagaEnvironment, type SagaEnvironment } from '../support/sagas/saga-environment';
import { paymentSagaInput } from '../support/sagas/saga-inputs';

let sagas: SagaEnvironment<PaymentSagaInput, PaymentSagaResult>;
beforeAll(async () => {
  sagas = await createSagaEnvironment({ workflow: paymentSaga, newInput: paymentSagaInput });
}, 60_000);
afterAll(() => sagas?.close());

describe('the payment saga', () => {
  it('closes the invoice, credits the balance and settles, each once', async () => {
    const fake = createSagaFakes();
    await sagas.tell('completed', fake, async (saga) => {
      expect(await saga.result()).toEqual({ capture_ref: 'cap_1', balance_tx_id: 'ltx_1' });
      expect(fake.calls).toEqual(['closeInvoice', 'creditBalance', 'settlePayment']);
      expect(await saga.query<SagaStatus>('status')).toEqual({
        state: 'completed',
        steps: ['close_invoice', 'credit_balance', 'settle'].map((name) => ({
          name,
          state: 'done',
          attempts: 1,
          error: null,
        })),
        failure: null,
      });
    });
  });

  it.each(['closeInvoice', 'creditBalance', 'settlePayment'] as const)(
    'tries %s again until it succeeds',
    async (name) => {
      const fake = createSagaFakes();
      fake.make(name, breaks(5));
      await sagas.tell(`retried-${name}`, fake, async (saga) => {
        expect(await saga.result()).toEqual({ capture_ref: 'cap_1', balance_tx_id: 'ltx_1' });
        expect(fake.attemptsOf(name)).toBe(6);
        expect(fake.attemptsOf('recordSagaOutcome')).toBe(0);
      });
    },
  );
});

describe('a refused step', () => {
  const compensated = ['record compensating', 'record compensated'];

  it.each([
    ['closeInvoice', 'close_invoice', ['reopenInvoice']],
    ['creditBalance', 'credit_balance', ['reverseCredit', 'reopenInvoice']],
    ['settlePayment', 'settle', ['reverseCredit', 'reopenInvoice']],
  ] as const)('%s: undoes what was begun in reverse order, itself included', async (name, step, undone) => {
    const fake = createSagaFakes();
    fake.make(name, refuses('order_not_payable'));
    await sagas.tell(`refused-${step}`, fake, async (saga) => {
      expect(await failureOf(saga)).toEqual({
        failed_step: step,
        code: 'order_not_payable',
        detail: 'Refused: order_not_payable.',
      });
      expect(fake.attemptsOf(name)).toBe(1);
      expect(fake.calls.filter((call) => /^re(open|verse)/.test(call))).toEqual(undone);
      expect(fake.calls.filter((call) => call.startsWith('record'))).toEqual(compensated);
      expect(await saga.query<SagaStatus>('status')).toMatchObject({ state: 'compensated' });
    });
  });

  it('fails the saga with the first error, even if compensations fail meanwhile', async () => {
    const fake = createSagaFakes();
    fake.make('creditBalance', refuses('account_closed'));
    fake.make('reverseCredit', breaks(3));
    fake.make('reopenInvoice', breaks(5));
    await sagas.tell('first-error', fake, async (saga) => {
      expect(await failureOf(saga)).toMatchObject({ failed_step: 'credit_balance', code: 'account_closed' });
    });
  });
});

describe('a step that fails for 10 minutes', () => {
  it('is compensated, because it may have happened', async () => {
    const fake = createSagaFakes();
    fake.make('creditBalance', breaks());
    await sagas.tell('timed-out', fake, async (saga) => {
      expect(await failureOf(saga)).toMatchObject({ failed_step: 'credit_balance', code: 'step_timed_out' });
      expect(await minutesOf(saga)).toBeCloseTo(10, 0);
      expect(fake.calls.slice(-4).sort()).toEqual(
        ['record compensating', 'reverseCredit', 'reopenInvoice', 'record compensated'].sort(),
      );
    });
  });

  it('is not compensated as a pivot that did not happen, but the earlier steps are', async () => {
    const fake = createSagaFakes({ settled: false });
    fake.make('settlePayment', breaks());
    await sagas.tell('pivot-timed-out', fake, async (saga) => {
      expect(await failureOf(saga)).toMatchObject({ failed_step: 'settle', code: 'step_timed_out' });
      expect(fake.attemptsOf('confirmSettlement')).toBe(1);
      expect(fake.calls.indexOf('confirmSettlement')).toBeLessThan(fake.calls.indexOf('reverseCredit'));
    });
  });

  it('completes the saga as a pivot that did happen', async () => {
    const fake = createSagaFakes({ settled: true });
    fake.make('settlePayment', breaks());
    await sagas.tell('pivot-happened', fake, async (saga) => {
      expect(await saga.result()).toEqual({ capture_ref: 'cap_1', balance_tx_id: 'ltx_1' });
      expect(fake.attemptsOf('reverseCredit') + fake.attemptsOf('reopenInvoice')).toBe(0);
    });
  });

  it('compensates nothing as a pivot while its outcome is unknown', async () => {
    const fake = createSagaFakes();
    fake.make('settlePayment', refuses('order_not_payable'));
    fake.make('confirmSettlement', breaks(9));
    await sagas.tell('pivot-unknown', fake, async (saga) => {
      await sagas.until(saga, ({ state }) => state === 'stuck');
      expect(fake.calls).toContain('record stuck');
      expect(fake.attemptsOf('reverseCredit')).toBe(0);
      const decision = { step: 'settle', actor: 'key_op', reason: 'no' };
      await expect(saga.executeUpdate('skipStep', { args: [decision] })).rejects.toMatchObject({
        cause: { type: 'step_not_stuck' },
      });
      expect(await failureOf(saga)).toMatchObject({ failed_step: 'settle', code: 'order_not_payable' });
    });
  });
});

describe('the update cancel', () => {
  const cancellation = { actor: 'key_op', reason: 'booked by mistake' };

  it('compensates before the pivot, with the reason in the failure', async () => {
    const fake = createSagaFakes();
    fake.make('creditBalance', breaks());
    await sagas.tell('cancel-asked', fake, async (saga) => {
      await sagas.until(saga, () => fake.attemptsOf('creditBalance') > 1, '10ms');
      await saga.executeUpdate('cancel', { args: [cancellation] });
      expect(await failureOf(saga)).toMatchObject({
        code: 'cancelled',
        detail: expect.stringContaining('booked by mistake'),
      });
    });
  });

  it('is refused while the pivot runs', async () => {
    const fake = createSagaFakes();
    fake.make('settlePayment', breaks(3));
    await sagas.tell('cancel-refused', fake, async (saga) => {
      await sagas.until(saga, () => fake.attemptsOf('settlePayment') > 1, '10ms');
      await expect(saga.executeUpdate('cancel', { args: [cancellation] })).rejects.toMatchObject({
        cause: { type: 'saga_not_cancellable' },
      });
      await saga.result();
    });
  });
});

describe('a cancellation by Temporal', () => {
  it('compensates before the pivot', async () => {
    const fake = createSagaFakes();
    fake.make('creditBalance', breaks());
    await sagas.tell('cancelled', fake, async (saga) => {
      await sagas.until(saga, () => fake.attemptsOf('creditBalance') > 0, '10ms');
      await saga.cancel();
      expect(await failureOf(saga)).toMatchObject({ failed_step: 'credit_balance', code: 'cancelled' });
      expect(fake.calls.filter((call) => /^re(open|verse)/.test(call))).toEqual(['reverseCredit', 'reopenInvoice']);
      expect(fake.attemptsOf('settlePayment')).toBe(0);
    });
  });

  it('is too late while the pivot runs: the saga completes', async () => {
    const fake = createSagaFakes();
    fake.make('settlePayment', breaks(3));
    await sagas.tell('cancelled-too-late', fake, async (saga) => {
      await sagas.until(saga, () => fake.attemptsOf('settlePayment') > 0, '10ms');
      await saga.cancel();
      expect(await saga.result()).toEqual({ capture_ref: 'cap_1', balance_tx_id: 'ltx_1' });
    });
  });

  it('interrupts no compensation', async () => {
    const fake = createSagaFakes();
    fake.make('settlePayment', refuses('order_not_payable'));
    fake.make('reverseCredit', breaks(4));
    await sagas.tell('cancelled-while-compensating', fake, async (saga) => {
      await sagas.until(saga, () => fake.attemptsOf('reverseCredit') > 0, '10ms');
      await saga.cancel();
      expect(await failureOf(saga)).toMatchObject({ failed_step: 'settle', code: 'order_not_payable' });
      expect(fake.attemptsOf('reverseCredit')).toBe(5);
      expect(fake.attemptsOf('reopenInvoice')).toBe(1);
    });
  });
});
