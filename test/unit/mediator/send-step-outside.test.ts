import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createStepSender, type StepSender } from '../../../activities/send-step';
import type { Mediator } from '../../../src/cqrs/mediator';
import type { SagaStepRecord } from '../../../src/cqrs/write.sql';
import { recordCharge } from '../../../src/payments/charges';
import { requestRefund } from '../../../src/payments/refunds';
import { Refusal, type RefusalCode } from '../../../src/platform/refusal';

const intent = { charge: undefined };
const recorded = { charge_ref: 'ch_1' };
type Sent = { readonly name: string; readonly key: string | undefined; readonly step?: SagaStepRecord };

interface World {
  /** The result of each command, by its name; a function may throw. */
  readonly answers?: Readonly<Record<string, unknown>>;
  /** The attempt's time-out, in ms. */
  readonly timeoutMs?: number;
  /** The intent was sent before. */
  readonly isRepeat?: boolean;
  /** What was recorded of the step. */
  readonly stored?: { readonly response: unknown };
  readonly call?: () => Promise<string>;
}

/** Sends the step on the third attempt of its activity. */
async function send(kind: 'executeExternal' | 'executeExternalUntilDone' | 'compensateExternal', world: World = {}) {
  const { answers = {}, isRepeat = false, stored, call = async () => 'ch_1', timeoutMs = 5_000 } = world;
  const sent: Sent[] = [];
  const passed: string[] = [];
  const calls: unknown[] = [];
  const peeked: string[] = [];
  const mediator: Pick<Mediator, 'send'> = {
    send: async ({ definition: { name } }, { idempotencyKey: once, step, onRepeat } = {}) => {
      sent.push({ name, key: once && `${once.key}${once.always ? '!' : ''}`, ...(step && { step }) });
      if (isRepeat) onRepeat?.();
      const answer = { RequestRefund: intent, RecordCharge: recorded, ...answers }[name];
      return (typeof answer === 'function' ? (answer as () => unknown)() : answer) as never;
    },
  };
  const sender: StepSender = createStepSender({
    mediator,
    idempotency: {
      peek: async ({ key }) => {
        peeked.push(key);
        return stored;
      },
    },
    faults: { pass: async (point) => void passed.push(point) },
  });
  const activity = new MockActivityEnvironment(
    { attempt: 3, startToCloseTimeoutMs: timeoutMs },
    { logger: new DefaultLogger('ERROR') },
  );
  const step = {
    saga: { saga_id: 'order-1', correlation_id: 'req_1' },
    step: 'charge',
    point: 'payments.charge',
    intend: requestRefund({ payment_id: 'pay_1' }),
    call: (of: unknown) => {
      calls.push(of);
      return call();
    },
    record: (charge_ref: string) => recordCharge({ payment_id: 'pay_1', charge_ref }),
  } as const;
  const outcome = await activity
    .run(() => sender[kind](step))
    .then(
      (result: unknown) => ({ result, error: undefined }),
      (error: unknown) => ({ result: undefined, error }),
    );
  return { ...outcome, sent, passed, calls, peeked };
}

const refuse = (code: RefusalCode) => () => {
  throw new Refusal(code, 'No.');
};
const declined = async (): Promise<string> => refuse('payment_declined')();

it.each(['executeExternal', 'executeExternalUntilDone'] as const)(
  '%s intends, calls and records, between its fault points',
  async (kind) => {
    expect(await send(kind)).toEqual({
      result: recorded,
      error: undefined,
      calls: [intent],
      peeked: [],
      sent: [
        { name: 'RequestRefund', key: 'ask/charge' },
        { name: 'RecordCharge', key: 'charge', step: expect.objectContaining({ state: 'done', attempts: 3 }) },
      ],
      passed: ['payments.charge', 'payments.charge.done'],
    });
  },
);

it('compensateExternal compensates the intent, calls and records, whether or not the step was recorded', async () => {
  const { sent, calls, passed } = await send('compensateExternal');
  expect(sent).toEqual([
    { name: 'RequestRefund', key: 'undo/ask/charge' },
    { name: 'RecordCharge', key: 'undo/charge!', step: expect.objectContaining({ state: 'undone' }) },
  ]);
  expect(calls).toEqual([intent]);
  expect(passed).toEqual(['payments.charge', 'payments.charge.done']);
});

it('compensateExternal neither calls nor records without an intent', async () => {
  const { result, sent, calls, passed } = await send('compensateExternal', { answers: { RequestRefund: null } });
  expect([result, calls, sent.map(({ name }) => name)]).toEqual([null, [], ['RequestRefund']]);
  expect(passed).toEqual(['payments.charge', 'payments.charge.done']);
});

it.each(['executeExternal', 'executeExternalUntilDone'] as const)(
  '%s fails retryably without an intent',
  async (kind) => {
    const { error, calls } = await send(kind, { answers: { RequestRefund: null } });
    expect(error).toMatchObject({ message: 'Step charge has no intent.' });
    expect(error).not.toBeInstanceOf(ApplicationFailure);
    expect(calls).toEqual([]);
  },
);

describe.each(['executeExternal', 'executeExternalUntilDone', 'compensateExternal'] as const)(
  '%s, repeated',
  (kind) => {
    it('calls again before an answer is recorded', async () => {
      const { calls, result } = await send(kind, { isRepeat: true });
      expect([calls, result]).toEqual([[intent], recorded]);
    });

    it.each([{ charge_ref: 'ch_0' }, null])('returns the recorded result (%j) without a call', async (answer) => {
      const { calls, result, sent, peeked } = await send(kind, { isRepeat: true, stored: { response: answer } });
      expect([calls, result]).toEqual([[], answer]);
      expect(sent.map(({ name }) => name)).toEqual(['RequestRefund']);
      expect(peeked).toEqual([kind === 'compensateExternal' ? 'undo/charge' : 'charge']);
    });

    it('throws the error of a failed call, to be retried, and records nothing', async () => {
      const fault = new Error('It cannot be reached.');
      const { error, sent, passed } = await send(kind, { call: () => Promise.reject(fault) });
      expect(error).toBe(fault);
      expect(sent.map(({ name }) => name)).toEqual(['RequestRefund']);
      expect(passed).toEqual(['payments.charge']);
    });
  },
);

it.each([
  { who: 'the intent', world: { answers: { RequestRefund: refuse('payment_declined') } } },
  { who: 'the call', world: { call: declined } },
  { who: 'the record', world: { answers: { RecordCharge: refuse('payment_declined') } } },
])('executeExternal treats a refusal of $who as final', async ({ world }) => {
  const { error } = await send('executeExternal', world);
  expect(error).toBeInstanceOf(ApplicationFailure);
  expect(error).toMatchObject({ type: 'payment_declined', nonRetryable: true, category: 'BENIGN' });
});

it.each(['executeExternalUntilDone', 'compensateExternal'] as const)('%s retries a refusal', async (kind) => {
  const { error } = await send(kind, { call: declined });
  expect(error).toBeInstanceOf(Refusal);
  expect(error).not.toBeInstanceOf(ApplicationFailure);
});

it('does not call after its attempt has timed out', async () => {
  const { calls, error } = await send('executeExternal', { timeoutMs: -1 });
  expect(calls).toEqual([]);
  expect(error).toMatchObject({ message: expect.stringContaining('next attempt makes the call') });
});
