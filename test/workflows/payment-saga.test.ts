import type { SagaStatus } from '../../src/contract';
import { breaks, failureOf, minutesOf, refuses } from '../../workflows/testing';
import { createPaymentFakes } from '../support/saga-activities';
import { createSagaEnvironment, type SagaEnvironment, stepStates } from '../support/saga-environment';

let sagas: SagaEnvironment;
beforeAll(async () => {
  sagas = await createSagaEnvironment();
}, 60_000);
afterAll(() => sagas?.close());

describe('going forward', () => {
  it('closes the invoice, credits the balance and settles, each once', async () => {
    const fake = createPaymentFakes();
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
      const fake = createPaymentFakes();
      fake.make(name, breaks(5));
      await sagas.tell(`retried-${name}`, fake, async (saga) => {
        expect(await saga.result()).toEqual({ capture_ref: 'cap_1', balance_tx_id: 'ltx_1' });
        expect(fake.attemptsOf(name)).toBe(6);
        expect(fake.attemptsOf('recordSagaOutcome')).toBe(0);
      });
    },
  );
});

describe('a step that is refused', () => {
  const compensated = ['record compensating', 'record compensated'];

  it.each([
    ['closeInvoice', 'close_invoice', ['reopenInvoice']],
    ['creditBalance', 'credit_balance', ['reverseCredit', 'reopenInvoice']],
    ['settlePayment', 'settle', ['reverseCredit', 'reopenInvoice']],
  ] as const)('%s: undoes what was begun in reverse order, itself included', async (name, step, undone) => {
    const fake = createPaymentFakes();
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

  it('fails the saga with the first error, also when compensations fail on the way', async () => {
    const fake = createPaymentFakes();
    fake.make('creditBalance', refuses('account_closed'));
    fake.make('reverseCredit', breaks(3));
    fake.make('reopenInvoice', breaks(5));
    await sagas.tell('first-error', fake, async (saga) => {
      expect(await failureOf(saga)).toMatchObject({ failed_step: 'credit_balance', code: 'account_closed' });
    });
  });
});

describe('a step that does not succeed for 10 minutes', () => {
  it('compensates, because it may have happened all the same', async () => {
    const fake = createPaymentFakes();
    fake.make('creditBalance', breaks());
    await sagas.tell('timed-out', fake, async (saga) => {
      expect(await failureOf(saga)).toMatchObject({ failed_step: 'credit_balance', code: 'step_timed_out' });
      expect(await minutesOf(saga)).toBeCloseTo(10, 0);
      expect(fake.calls.slice(-4).sort()).toEqual(
        ['record compensating', 'reverseCredit', 'reopenInvoice', 'record compensated'].sort(),
      );
    });
  });

  it('the pivot: compensates when it did not happen', async () => {
    const fake = createPaymentFakes({ settled: false });
    fake.make('settlePayment', breaks());
    await sagas.tell('pivot-timed-out', fake, async (saga) => {
      expect(await failureOf(saga)).toMatchObject({ failed_step: 'settle', code: 'step_timed_out' });
      expect(fake.attemptsOf('confirmSettlement')).toBe(1);
      expect(fake.calls.indexOf('confirmSettlement')).toBeLessThan(fake.calls.indexOf('reverseCredit'));
    });
  });

  it('the pivot: completes, and undoes nothing, when it did happen', async () => {
    const fake = createPaymentFakes({ settled: true });
    fake.make('settlePayment', breaks());
    await sagas.tell('pivot-happened', fake, async (saga) => {
      expect(await saga.result()).toEqual({ capture_ref: 'cap_1', balance_tx_id: 'ltx_1' });
      expect(fake.attemptsOf('reverseCredit') + fake.attemptsOf('reopenInvoice')).toBe(0);
    });
  });

  it('the pivot: undoes nothing as long as nobody knows whether it happened', async () => {
    const fake = createPaymentFakes();
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

describe('a compensation that fails for a round of 8 attempts', () => {
  const decision = { step: 'credit_balance', actor: 'key_op', reason: 'the ledger was repaired' };

  function brokenReversal(times: number) {
    const fake = createPaymentFakes();
    fake.make('settlePayment', refuses('order_not_payable'));
    fake.make('reverseCredit', breaks(times));
    return fake;
  }

  it('is stuck, and told to Postgres, while the other compensations go on', async () => {
    const fake = brokenReversal(8);
    await sagas.tell('stuck', fake, async (saga) => {
      const status = await sagas.until(saga, ({ state, steps }) => state === 'stuck' && steps[0]?.state === 'undone');
      expect(stepStates(status)).toEqual(['close_invoice undone', 'credit_balance undoing', 'settle failed']);
      expect(status.steps[1]).toMatchObject({ attempts: 8, error: 'The database is away.' });
      expect(fake.attemptsOf('reverseCredit')).toBe(8);
      await failureOf(saga);
      expect(fake.calls.filter((call) => call.startsWith('record'))).toEqual([
        'record compensating',
        'record stuck',
        'record compensating',
        'record compensated',
      ]);
    });
  });

  it('is tried again every 5 minutes, without the history growing', async () => {
    const fake = brokenReversal(8 + 50);
    await sagas.tell('stuck-retried-by-time', fake, async (saga) => {
      expect(await failureOf(saga)).toMatchObject({ failed_step: 'settle', code: 'order_not_payable' });
      expect(fake.attemptsOf('reverseCredit')).toBe(8 + 50 + 1);
      expect(await minutesOf(saga)).toBeCloseTo(51 * 5, 0);
      expect((await saga.describe()).historyLength).toBeLessThan(100);
    });
  });

  it('is tried again at once when an operator says so', async () => {
    const fake = brokenReversal(8);
    await sagas.tell('stuck-retried-by-operator', fake, async (saga) => {
      await sagas.until(saga, ({ state }) => state === 'stuck');
      await saga.executeUpdate('retryStep', { args: [decision] });
      await failureOf(saga);
      expect(await minutesOf(saga)).toBeLessThan(1);
      expect(fake.attemptsOf('reverseCredit')).toBe(9);
      expect(fake.calls).toContain('record retry credit_balance');
    });
  });

  it('stays stuck when the operator’s retry fails, too', async () => {
    const fake = brokenReversal(16);
    await sagas.tell('stuck-retried-in-vain', fake, async (saga) => {
      await sagas.until(saga, ({ state }) => state === 'stuck');
      await saga.executeUpdate('retryStep', { args: [decision] });
      await sagas.until(saga, ({ steps }) => steps[1]?.attempts === 16);
      expect(await failureOf(saga)).toMatchObject({ failed_step: 'settle' });
      expect(fake.attemptsOf('reverseCredit')).toBe(17);
    });
  });

  it('is skipped when an operator says so, and the saga ends compensated', async () => {
    const fake = brokenReversal(Number.POSITIVE_INFINITY);
    await sagas.tell('stuck-skipped', fake, async (saga) => {
      await sagas.until(saga, ({ state }) => state === 'stuck');
      await saga.executeUpdate('skipStep', { args: [decision] });
      await failureOf(saga);
      const status = await saga.query<SagaStatus>('status');
      expect(status.state).toBe('compensated');
      expect(stepStates(status)).toEqual(['close_invoice undone', 'credit_balance skipped', 'settle failed']);
      expect(fake.calls).toContain('record skip credit_balance');
    });
  });

  it('refuses an operator’s word about a step that is not stuck', async () => {
    const fake = brokenReversal(8);
    await sagas.tell('stuck-other-refused', fake, async (saga) => {
      await sagas.until(saga, ({ state }) => state === 'stuck');
      const other = { ...decision, step: 'close_invoice' };
      for (const update of ['retryStep', 'skipStep']) {
        await expect(saga.executeUpdate(update, { args: [other] })).rejects.toMatchObject({
          cause: { type: 'step_not_stuck' },
        });
      }
      await failureOf(saga);
    });
  });

  it('may be one of several: each is resolved by itself', async () => {
    const fake = brokenReversal(8);
    fake.make('reopenInvoice', breaks());
    await sagas.tell('stuck-twice', fake, async (saga) => {
      await sagas.until(saga, ({ steps }) => steps[0]?.attempts === 8 && steps[1]?.attempts === 8);
      await saga.executeUpdate('retryStep', { args: [decision] });
      const status = await sagas.until(saga, ({ steps }) => steps[1]?.state === 'undone', '10ms');
      expect(status.state).toBe('stuck');
      await saga.executeUpdate('skipStep', { args: [{ ...decision, step: 'close_invoice' }] });
      await failureOf(saga);
    });
  });
});

describe('a cancellation', () => {
  it('before the pivot compensates', async () => {
    const fake = createPaymentFakes();
    fake.make('creditBalance', breaks());
    await sagas.tell('cancelled', fake, async (saga) => {
      await sagas.until(saga, () => fake.attemptsOf('creditBalance') > 0, '10ms');
      await saga.cancel();
      expect(await failureOf(saga)).toMatchObject({ failed_step: 'credit_balance', code: 'cancelled' });
      expect(fake.calls.filter((call) => /^re(open|verse)/.test(call))).toEqual(['reverseCredit', 'reopenInvoice']);
      expect(fake.attemptsOf('settlePayment')).toBe(0);
    });
  });

  it('while the pivot runs is too late: the saga completes', async () => {
    const fake = createPaymentFakes();
    fake.make('settlePayment', breaks(3));
    await sagas.tell('cancelled-too-late', fake, async (saga) => {
      await sagas.until(saga, () => fake.attemptsOf('settlePayment') > 0, '10ms');
      await saga.cancel();
      expect(await saga.result()).toEqual({ capture_ref: 'cap_1', balance_tx_id: 'ltx_1' });
    });
  });

  it('while compensations run interrupts none of them', async () => {
    const fake = createPaymentFakes();
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
