import type { SagaStatus } from '../../src/contract';
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
] as const)('%s, tried again by the server: is given up and undone', async (name, undone) => {
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

it('while a fallback is tried: gives it up', async () => {
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

it('again, while the saga is undone because of the first: is accepted, and changes nothing', async () => {
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

it.each(['decide', 'deliver'] as const)('while %s is tried: is refused, and the saga completes', async (name) => {
  const fakes = createProbeFakes();
  fakes.make(name, breaks(4));
  await kit.probe(fakes, async (saga) => {
    await kit.until(saga, () => fakes.attemptsOf(name) > 1, '10ms');
    await expect(cancel(saga)).rejects.toMatchObject(tooLate);
    await saga.result();
    expect(compensations(fakes)).toEqual([]);
  });
});

it('while nobody knows whether the pivot happened: is refused', async () => {
  const fakes = createProbeFakes();
  fakes.make('decide', refuses('too_late'));
  fakes.make('wasDecided', breaks(9));
  await kit.probe(fakes, async (saga) => {
    await kit.until(saga, ({ state }) => state === 'stuck');
    await expect(cancel(saga)).rejects.toMatchObject(tooLate);
    expect(await failureOf(saga)).toMatchObject({ failed_step: 'decide', code: 'too_late' });
  });
});

it('while the saga is undone for another reason: is refused', async () => {
  const fakes = createProbeFakes();
  fakes.make('charge', refuses('card_declined'));
  fakes.make('refund', breaks(8));
  await kit.probe(fakes, async (saga) => {
    await kit.until(saga, ({ state }) => state === 'stuck');
    await expect(cancel(saga)).rejects.toMatchObject(tooLate);
    expect(await failureOf(saga)).toMatchObject({ code: 'card_declined' });
  });
});

it('of a saga without a pivot: until its last step is done', async () => {
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

it('of a saga that has ended: there is nobody to tell', async () => {
  const fakes = createProbeFakes();
  await kit.probe(fakes, async (saga) => {
    await saga.result();
    await expect(cancel(saga)).rejects.toThrow();
    expect((await saga.query<SagaStatus>('status')).state).toBe('completed');
  });
});

it('twice at once, in the middle of a step: one cancellation', async () => {
  const fakes = createProbeFakes();
  fakes.make('charge', breaks());
  await kit.probe(fakes, async (saga) => {
    await kit.until(saga, () => fakes.attemptsOf('charge') > 1, '10ms');
    await Promise.all([cancel(saga), cancel(saga)]);
    expect(await failureOf(saga)).toMatchObject({ failed_step: 'charge', code: 'cancelled' });
    expect(compensations(fakes)).toEqual(['refund', 'release', 'apologise', 'tell']);
  });
});

it('of Temporal’s own, in a saga with remedies: undoes, and does them', async () => {
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
])(
  'of Temporal’s own, and then an operator’s %s of what is stuck: is recorded, and the saga ends',
  async (update, verdict) => {
    const fakes = createProbeFakes();
    fakes.make('charge', breaks());
    fakes.make('refund', breaks(8));
    await kit.probe(fakes, async (saga) => {
      await kit.until(saga, () => fakes.attemptsOf('charge') > 1, '10ms');
      await saga.cancel();
      await kit.until(saga, ({ state, steps }) => state === 'stuck' && steps[0]?.state === 'undone');
      await saga.executeUpdate(update, { args: [{ step: 'charge', actor: 'key_op', reason: 'looked into' }] });
      expect(await failureOf(saga)).toMatchObject({ failed_step: 'charge', code: 'cancelled' });
      expect(fakes.calls).toContain(`record ${verdict} charge`);
      expect(fakes.calls.at(-1)).toBe('record compensated');
    });
  },
);
