import { ApplicationFailure, type RetryPolicy } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createStepSender } from '../../../activities/send-step';
import { reverseCredit } from '../../../src/billing/credit-balance';
import type { Mediator } from '../../../src/cqrs/mediator';
import type { SendOptions } from '../../../src/cqrs/message';
import type { Faults } from '../../../src/platform/faults';
import { Refusal, type RefusalCode } from '../../../src/platform/refusal';

const SCHEDULED_AT = Date.UTC(2026, 10, 21, 9, 30);
const step = {
  saga: { saga_id: 'payment-pay_1', correlation_id: 'req_1' },
  step: 'credit_balance',
  point: 'ledger.reverse_credit',
  message: reverseCredit({ saga_id: 'payment-pay_1' }),
} as const;

/** Sends the step on the third attempt of its activity, the fourth of the step, to a mediator that answers so. */
async function send(
  kind: 'execute' | 'compensate' | 'compensateAlways' | 'executeUntilDone',
  answer: () => unknown,
  retryPolicy?: RetryPolicy,
) {
  const sent: SendOptions[] = [];
  const passed: string[] = [];
  const mediator: Pick<Mediator, 'send'> = {
    send: async (_message, options = {}) => {
      sent.push(options);
      return answer() as never;
    },
  };
  const faults: Pick<Faults, 'pass'> = { pass: async (point) => void passed.push(point) };
  const sender = createStepSender({ mediator, idempotency: { peek: async () => undefined }, faults });
  const logger = new DefaultLogger('ERROR');
  const activity = new MockActivityEnvironment(
    {
      attempt: 3,
      scheduledTimestampMs: SCHEDULED_AT,
      startToCloseTimeoutMs: 5_000,
      ...(retryPolicy && { retryPolicy }),
    },
    { logger },
  );
  const outcome = await activity
    .run(() => sender[kind](step))
    .then(
      (result: unknown) => ({ result }),
      (error: unknown) => ({ error }),
    );
  return { ...outcome, sent, passed };
}

const refuse = (code: RefusalCode) => () => {
  throw new Refusal(code, 'No.');
};

it('sends a forward step once, recorded with its attempt, between its two fault points', async () => {
  expect(await send('execute', () => ({ balance_tx_id: 'ltx_1' }))).toEqual({
    result: { balance_tx_id: 'ltx_1' },
    sent: [
      {
        idempotencyKey: expect.objectContaining({ scope: 'payment-pay_1', key: 'credit_balance' }),
        step: {
          sagaId: 'payment-pay_1',
          name: 'credit_balance',
          state: 'done',
          attempts: 4,
          startedAt: '2026-11-21T09:30:00.000Z',
        },
        deadline: expect.any(Number),
        correlationId: 'req_1',
      },
    ],
    passed: ['ledger.reverse_credit', 'ledger.reverse_credit.done'],
  });
});

it.each(['compensate', 'compensateAlways'] as const)(
  'sends a compensation (%s) once, under the key that undoes its step',
  async (kind) => {
    const { sent } = await send(kind, () => null);
    const always = kind === 'compensateAlways' ? { always: true } : {};
    const idempotencyKey = { scope: 'payment-pay_1', key: 'undo/credit_balance', undoes: 'credit_balance', ...always };
    expect(sent).toEqual([
      expect.objectContaining({
        idempotencyKey: { ...idempotencyKey, ttlMs: expect.any(Number) },
        step: expect.objectContaining({ name: 'credit_balance', state: 'undone' }),
      }),
    ]);
  },
);

it('makes a refusal of a forward step final, with its code as type', async () => {
  const outcome = await send('execute', refuse('order_not_payable'));
  const failure = 'error' in outcome ? outcome.error : undefined;
  expect(failure).toBeInstanceOf(ApplicationFailure);
  expect(failure).toMatchObject({ type: 'order_not_payable', nonRetryable: true, category: 'BENIGN', message: 'No.' });
  expect(outcome.passed).toEqual(['ledger.reverse_credit']);
});

it('retries a step while an earlier attempt is still in its transaction', async () => {
  const outcome = await send('execute', refuse('request_in_progress'));
  expect(outcome).toMatchObject({ error: { type: 'request_in_progress', nonRetryable: false } });
});

it.each(['execute', 'compensate'] as const)('throws a fault in %s unchanged, to be retried', async (kind) => {
  const fault = new Error('The database is away.');
  const outcome = await send(kind, () => {
    throw fault;
  });
  expect(outcome).toMatchObject({ error: fault });
});

it.each(['compensate', 'compensateAlways', 'executeUntilDone'] as const)('retries a refusal in %s', async (kind) => {
  const outcome = await send(kind, refuse('invoice_not_closed'));
  expect('error' in outcome && outcome.error).not.toBeInstanceOf(ApplicationFailure);
});

it('lets Temporal retry a fault after a pause that varies by a fifth', async () => {
  const policy = { initialInterval: '200ms', maximumInterval: '5s' } as const;
  const pauses = new Set<number>();
  for (let time = 0; time < 20; time += 1) {
    const outcome = await send(
      'execute',
      () => {
        throw new TypeError('The database is away.');
      },
      policy,
    );
    const failure = 'error' in outcome ? (outcome.error as ApplicationFailure) : undefined;
    expect(failure).toMatchObject({ type: 'fault', message: 'The database is away.', nonRetryable: false });
    pauses.add(Number(failure?.nextRetryDelay));
  }
  // The third attempt's pause is 800 ms.
  for (const pause of pauses) expect(pause).toBeGreaterThanOrEqual(640);
  for (const pause of pauses) expect(pause).toBeLessThanOrEqual(960);
  expect(pauses.size).toBeGreaterThan(5);
});

it('gives each command the deadline of its attempt', async () => {
  const before = performance.now();
  const { sent } = await send('compensate', () => null);
  expect(sent[0]?.deadline).toBeGreaterThanOrEqual(before + 5_000);
  expect(sent[0]?.deadline).toBeLessThanOrEqual(performance.now() + 5_000);
});
