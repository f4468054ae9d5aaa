import type { SagaStatus } from '../../src/temporal-contract';
import { breaks, failureOf, type FakeActivities, refuses } from '../../workflows/saga/testing';
import { createProbeFakes, createProbeKit, type ProbeHandle, type ProbeKit } from '../support/sagas/probe/probe';
import { type ProbeActivities, shortSaga } from '../support/sagas/probe/probe-saga';

let kit: ProbeKit;
beforeAll(async () => {
  kit = await createProbeKit();
}, 60_000);
afterAll(() => kit?.close());

const cancel = (saga: ProbeHandle, reason = 'changed my mind'): Promise<void> =>
  saga.executeUpdate('cancel', { args: [{ actor: 'key_cus', reason }] });

const tooLate = { cause: { type: 'saga_not_cancellable' } };

const compensations = ({ calls }: FakeActivities<ProbeActivities>): string[] =>
  calls.filter((call) => ['release', 'refund', 'apologise', 'tell'].includes(call));

/**
 * Until the server waits for the next attempt of the saga's activity. A cancellation that meets an attempt under way
 * makes the test server's clock stand still.
 */
async function untilRetried(saga: ProbeHandle): Promise<void> {
  for (;;) {
    const [activity] = (await saga.describe()).raw.pendingActivities ?? [];
    const { attempt, lastStartedTime: begun, lastAttemptCompleteTime: failed } = activity ?? {};
    if ((attempt ?? 0) > LONG_WAITS_FROM && begun && failed && nanosOf(failed) >= nanosOf(begun)) return;
    await kit.server().sleep('100ms');
  }
}

/** The pauses between attempts double: from here on, the next one is seconds away. */
const LONG_WAITS_FROM = 5;

const nanosOf = ({ seconds, nanos }: { seconds?: unknown; nanos?: number | null }): bigint =>
  BigInt(String(seconds ?? 0)) * 1_000_000_000n + BigInt(nanos ?? 0);

it.each([
  ['reserve', ['release', 'apologise', 'tell']],
  ['charge', ['refund', 'release', 'apologise', 'tell']],
] as const)('a cancellation stops the retries of %s and compensates', async (name, undone) => {
  const fakes = createProbeFakes();
  fakes.make(name, breaks());
  await kit.probe(fakes, async (saga) => {
    await kit.until(saga, () => fakes.attemptsOf(name) > 2, '10ms');
    await cancel(saga);
    expect(await failureOf(saga)).toEqual({
      failed_step: name,
      code: 'cancelled',
      detail: `The saga was cancelled at its step ${name}. Cancelled: changed my mind`,
    });
    expect(compensations(fakes)).toEqual(undone);
    expect(fakes.attemptsOf('decide')).toBe(0);
  });
});

it('a cancellation stops a fallback that is retried', async () => {
  const fakes = createProbeFakes();
  fakes.make('charge', refuses('circuit_open'));
  fakes.make('chargeElsewhere', breaks());
  await kit.probe(fakes, async (saga) => {
    await kit.until(saga, () => fakes.attemptsOf('chargeElsewhere') > 1, '10ms');
    await cancel(saga);
    expect(await failureOf(saga)).toMatchObject({ failed_step: 'charge', code: 'cancelled' });
    expect(compensations(fakes)).toEqual(['refund', 'release', 'apologise', 'tell']);
  });
});

it('a second cancellation is a no-op while the saga compensates because of the first', async () => {
  const fakes = createProbeFakes();
  fakes.make('charge', breaks());
  fakes.make('refund', breaks(8));
  await kit.probe(fakes, async (saga) => {
    await untilRetried(saga);
    await cancel(saga);
    await kit.until(saga, ({ state }) => state === 'stuck');
    await cancel(saga, 'I said so');
    expect((await failureOf(saga)).detail).toContain('changed my mind');
    expect(fakes.attemptsOf('refund')).toBe(9);
    expect(fakes.attemptsOf('release')).toBe(1);
  });
});

it.each(['decide', 'deliver'] as const)(
  'a cancellation while %s is tried is refused, and the saga completes',
  async (name) => {
    const fakes = createProbeFakes();
    fakes.make(name, breaks(4));
    await kit.probe(fakes, async (saga) => {
      await kit.until(saga, () => fakes.attemptsOf(name) > 1, '10ms');
      await expect(cancel(saga)).rejects.toMatchObject(tooLate);
      await saga.result();
      expect(compensations(fakes)).toEqual([]);
    });
  },
);

it('a cancellation is refused while the outcome of the pivot is unknown', async () => {
  const fakes = createProbeFakes();
  fakes.make('decide', refuses('too_late'));
  fakes.make('wasDecided', breaks(9));
  await kit.probe(fakes, async (saga) => {
    await kit.until(saga, ({ state }) => state === 'stuck');
    await expect(cancel(saga)).rejects.toMatchObject(tooLate);
    expect(await failureOf(saga)).toMatchObject({ failed_step: 'decide', code: 'too_late' });
  });
});

it('a cancellation is refused while the saga compensates for another reason', async () => {
  const fakes = createProbeFakes();
  fakes.make('charge', refuses('card_declined'));
  fakes.make('refund', breaks(8));
  await kit.probe(fakes, async (saga) => {
    await kit.until(saga, ({ state }) => state === 'stuck');
    await expect(cancel(saga)).rejects.toMatchObject(tooLate);
    expect(await failureOf(saga)).toMatchObject({ code: 'card_declined' });
  });
});

it('a saga without a pivot can be cancelled until its last step is done', async () => {
  const fakes = createProbeFakes();
  fakes.make('charge', breaks());
  await kit.probe(
    fakes,
    async (saga) => {
      await kit.until(saga, () => fakes.attemptsOf('charge') > 1, '10ms');
      await cancel(saga);
      expect(await failureOf(saga)).toMatchObject({ failed_step: 'charge', code: 'cancelled' });
      expect(compensations(fakes)).toEqual(['refund', 'release']);
    },
    shortSaga,
  );
});

it('a cancellation of an ended saga finds no workflow', async () => {
  const fakes = createProbeFakes();
  await kit.probe(fakes, async (saga) => {
    await saga.result();
    await expect(cancel(saga)).rejects.toThrow();
    expect((await saga.query<SagaStatus>('status')).state).toBe('completed');
  });
});

it('two concurrent cancellations during a step are one', async () => {
  const fakes = createProbeFakes();
  fakes.make('charge', breaks());
  await kit.probe(fakes, async (saga) => {
    await kit.until(saga, () => fakes.attemptsOf('charge') > 1, '10ms');
    await Promise.all([cancel(saga), cancel(saga)]);
    expect(await failureOf(saga)).toMatchObject({ failed_step: 'charge', code: 'cancelled' });
    expect(compensations(fakes)).toEqual(['refund', 'release', 'apologise', 'tell']);
  });
});

it('a cancellation by Temporal compensates and executes the follow-ups', async () => {
  const fakes = createProbeFakes();
  fakes.make('charge', breaks());
  await kit.probe(fakes, async (saga) => {
    await kit.until(saga, () => fakes.attemptsOf('charge') > 1, '10ms');
    await saga.cancel();
    expect(await failureOf(saga)).toMatchObject({ failed_step: 'charge', code: 'cancelled' });
    expect(compensations(fakes)).toEqual(['refund', 'release', 'apologise', 'tell']);
  });
});

it.each([
  ['retryStep', 'retry'],
  ['skipStep', 'skip'],
])('a cancellation by Temporal does not lose an operator’s %s of a stuck step', async (update, resolution) => {
  const fakes = createProbeFakes();
  fakes.make('charge', breaks());
  fakes.make('refund', breaks(8));
  await kit.probe(fakes, async (saga) => {
    await kit.until(saga, () => fakes.attemptsOf('charge') > 1, '10ms');
    await saga.cancel();
    await kit.until(saga, ({ state, steps }) => state === 'stuck' && steps[0]?.state === 'undone');
    await saga.executeUpdate(update, { args: [{ step: 'charge', actor: 'key_op', reason: 'looked into' }] });
    expect(await failureOf(saga)).toMatchObject({ failed_step: 'charge', code: 'cancelled' });
    expect(fakes.calls).toContain(`record ${resolution} charge`);
    expect(fakes.calls.at(-1)).toBe('record compensated');
  });
});
