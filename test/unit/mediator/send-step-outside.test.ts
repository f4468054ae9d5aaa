import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createStepSender, type StepSender } from '../../../activities/send-step';
import { askRefund } from '../../../src/payments/refund/ask-refund';
import { recordCharge } from '../../../src/payments/charge/record-charge';
import type { Mediator } from '../../../src/mediator/mediator';
import type { SagaStepRecord } from '../../../src/mediator/saga-step';
import { Refusal } from '../../../src/platform/refusal';
import type { RefusalCode } from '../../../src/platform/refusal-codes';

const asked = { charge: undefined };
const recorded = { charge_ref: 'ch_1' };
type Sent = { readonly name: string; readonly key: string | undefined; readonly step?: SagaStepRecord };

interface World {
  /** What each command answers, by its name; a function may throw. */
  readonly answers?: Readonly<Record<string, unknown>>;
  /** Of the attempt, in ms. */
  readonly timeoutMs?: number;
  /** The ask was sent before. */
  readonly isRepeat?: boolean;
  /** What was recorded of the step. */
  readonly stored?: { readonly response: unknown };
  readonly call?: () => Promise<string>;
}

/** Sends the step on the third attempt of its activity. */
async function send(kind: 'runOutside' | 'mustOutside' | 'undoOutside', world: World = {}) {
  const { answers = {}, isRepeat = false, stored, call = async () => 'ch_1', timeoutMs = 5_000 } = world;
  const sent: Sent[] = [];
  const passed: string[] = [];
  const calls: unknown[] = [];
  const peeked: string[] = [];
  const mediator: Pick<Mediator, 'send'> = {
    send: async ({ definition: { name } }, { once, step, onRepeat } = {}) => {
      sent.push({ name, key: once && `${once.key}${once.always ? '!' : ''}`, ...(step && { step }) });
      if (isRepeat) onRepeat?.();
      const answer = { AskRefund: asked, RecordCharge: recorded, ...answers }[name];
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
    ask: askRefund({ payment_id: 'pay_1' }),
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

it.each(['runOutside', 'mustOutside'] as const)(
  '%s asks, calls and records, between its fault points',
  async (kind) => {
    expect(await send(kind)).toEqual({
      result: recorded,
      error: undefined,
      calls: [asked],
      peeked: [],
      sent: [
        { name: 'AskRefund', key: 'ask/charge' },
        { name: 'RecordCharge', key: 'charge', step: expect.objectContaining({ state: 'done', attempts: 3 }) },
      ],
      passed: ['payments.charge', 'payments.charge.done'],
    });
  },
);

it('undoOutside asks as the undoing of the asking, and records whether or not the step was', async () => {
  const { sent, calls, passed } = await send('undoOutside');
  expect(sent).toEqual([
    { name: 'AskRefund', key: 'undo/ask/charge' },
    { name: 'RecordCharge', key: 'undo/charge!', step: expect.objectContaining({ state: 'undone' }) },
  ]);
  expect(calls).toEqual([asked]);
  expect(passed).toEqual(['payments.charge', 'payments.charge.done']);
});

it('undoOutside calls nobody and records nothing when nobody was asked', async () => {
  const { result, sent, calls, passed } = await send('undoOutside', { answers: { AskRefund: null } });
  expect([result, calls, sent.map(({ name }) => name)]).toEqual([null, [], ['AskRefund']]);
  expect(passed).toEqual(['payments.charge', 'payments.charge.done']);
});

it.each(['runOutside', 'mustOutside'] as const)('%s fails, to be retried, when nobody can be asked', async (kind) => {
  const { error, calls } = await send(kind, { answers: { AskRefund: null } });
  expect(error).toMatchObject({ message: 'Step charge has nobody to ask.' });
  expect(error).not.toBeInstanceOf(ApplicationFailure);
  expect(calls).toEqual([]);
});

describe.each(['runOutside', 'mustOutside', 'undoOutside'] as const)('%s, coming again', (kind) => {
  it('calls again when nothing was recorded yet', async () => {
    const { calls, result } = await send(kind, { isRepeat: true });
    expect([calls, result]).toEqual([[asked], recorded]);
  });

  it.each([{ charge_ref: 'ch_0' }, null])('answers what was recorded (%j), and calls nobody', async (answer) => {
    const { calls, result, sent, peeked } = await send(kind, { isRepeat: true, stored: { response: answer } });
    expect([calls, result]).toEqual([[], answer]);
    expect(sent.map(({ name }) => name)).toEqual(['AskRefund']);
    expect(peeked).toEqual([kind === 'undoOutside' ? 'undo/charge' : 'charge']);
  });

  it('leaves a failed call as it is, to be retried, and records nothing', async () => {
    const fault = new Error('It cannot be reached.');
    const { error, sent, passed } = await send(kind, { call: () => Promise.reject(fault) });
    expect(error).toBe(fault);
    expect(sent.map(({ name }) => name)).toEqual(['AskRefund']);
    expect(passed).toEqual(['payments.charge']);
  });
});

it.each([
  { who: 'the asking', world: { answers: { AskRefund: refuse('payment_declined') } } },
  { who: 'the call', world: { call: declined } },
  { who: 'the recording', world: { answers: { RecordCharge: refuse('payment_declined') } } },
])('runOutside takes a refusal of $who for final', async ({ world }) => {
  const { error } = await send('runOutside', world);
  expect(error).toBeInstanceOf(ApplicationFailure);
  expect(error).toMatchObject({ type: 'payment_declined', nonRetryable: true, category: 'BENIGN' });
});

it.each(['mustOutside', 'undoOutside'] as const)('%s takes no refusal for final: it must succeed', async (kind) => {
  const { error } = await send(kind, { call: declined });
  expect(error).toBeInstanceOf(Refusal);
  expect(error).not.toBeInstanceOf(ApplicationFailure);
});

it('calls nobody once its attempt was given up: the next attempt calls', async () => {
  const { calls, error } = await send('runOutside', { timeoutMs: -1 });
  expect(calls).toEqual([]);
  expect(error).toMatchObject({ message: expect.stringContaining('the next one makes it') });
});
