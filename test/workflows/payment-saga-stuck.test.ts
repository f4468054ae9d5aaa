import type { PaymentSagaInput, PaymentSagaResult, SagaOutcomeReport, SagaStatus } from '../../src/temporal-contract';
import { paymentSaga } from '../../workflows';
import { breaks, failureOf, minutesOf, refuses } from '../../workflows/saga/testing';
import { createSagaFakes } from '../support/sagas/saga-activities';
import { createSagaEnvironment, type SagaEnvironment, stepStates } from '../support/sagas/saga-environment';
import { paymentSagaInput } from '../support/sagas/saga-inputs';

let sagas: SagaEnvironment<PaymentSagaInput, PaymentSagaResult>;
beforeAll(async () => {
  sagas = await createSagaEnvironment({ workflow: paymentSaga, newInput: paymentSagaInput });
}, 60_000);
afterAll(() => sagas?.close());

describe('a compensation that fails for a round of 8 attempts', () => {
  const decision = { step: 'credit_balance', actor: 'key_op', reason: 'the ledger was repaired' };

  function brokenReversal(times: number) {
    const fake = createSagaFakes();
    fake.make('settlePayment', refuses('order_not_payable'));
    fake.make('reverseCredit', breaks(times));
    return fake;
  }

  /** What the saga recorded of a stuck step, in order. */
  const reported = (fake: ReturnType<typeof createSagaFakes>, step: string): string[] =>
    fake
      .argumentsOf('recordSagaOutcome')
      .flatMap(([report]) => (report as SagaOutcomeReport).steps ?? [])
      .filter(({ name }) => name === step)
      .map(({ state, attempts }) => `${state} ${attempts}`);

  it('is stuck and recorded, while the other compensations go on', async () => {
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

  it('is retried every 5 minutes, without growth of the history', async () => {
    const fake = brokenReversal(8 + 50);
    await sagas.tell('stuck-retried-by-time', fake, async (saga) => {
      expect(await failureOf(saga)).toMatchObject({ failed_step: 'settle', code: 'order_not_payable' });
      expect(fake.attemptsOf('reverseCredit')).toBe(8 + 50 + 1);
      expect(await minutesOf(saga)).toBeCloseTo(51 * 5, 0);
      expect((await saga.describe()).historyLength).toBeLessThan(100);
    });
  });

  it('is retried at once when an operator asks', async () => {
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

  it('stays stuck when the operator’s retry fails', async () => {
    const fake = brokenReversal(16);
    await sagas.tell('stuck-retried-in-vain-recorded', fake, async (saga) => {
      await sagas.until(saga, ({ state }) => state === 'stuck');
      await saga.executeUpdate('retryStep', { args: [decision] });
      await sagas.until(saga, ({ steps }) => steps[1]?.attempts === 16);
      expect(await failureOf(saga)).toMatchObject({ failed_step: 'settle' });
      expect(fake.attemptsOf('reverseCredit')).toBe(17);
      expect(reported(fake, 'credit_balance')).toEqual(['undoing 8', 'undoing 16', 'undone 17', 'undone 17']);
    });
  });

  it('is skipped when an operator asks, and the saga ends compensated', async () => {
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

  it('refuses a decision about a step that is not stuck', async () => {
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

  it('is resolved by itself when several are stuck', async () => {
    const fake = brokenReversal(8);
    fake.make('reopenInvoice', breaks());
    await sagas.tell('stuck-twice-recorded', fake, async (saga) => {
      await sagas.until(saga, ({ steps }) => steps[0]?.attempts === 8 && steps[1]?.attempts === 8);
      await saga.executeUpdate('retryStep', { args: [decision] });
      const status = await sagas.until(saga, ({ steps }) => steps[1]?.state === 'undone', '10ms');
      expect(status.state).toBe('stuck');
      await saga.executeUpdate('skipStep', { args: [{ ...decision, step: 'close_invoice' }] });
      await failureOf(saga);
      expect(reported(fake, 'close_invoice').slice(0, 2)).toEqual(['undoing 8', 'undoing 8']);
      expect(reported(fake, 'close_invoice').slice(-2)).toEqual(['skipped 8', 'skipped 8']);
    });
  });
});
