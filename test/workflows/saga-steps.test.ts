import type { SagaStatus } from '../../src/temporal-contract';
import {
  breaks,
  everyStepFails,
  failureOf,
  hangs,
  minutesOf,
  opensCircuit,
  refuses,
} from '../../workflows/saga/testing';
import { createDeferred } from '../support/deferred';
import { createProbeFakes, createProbeKit, probeInput, type ProbeKit } from '../support/sagas/probe/probe';
import { probeFollowUps, probeSteps } from '../support/sagas/probe/probe-saga';
import { stepStates } from '../support/sagas/saga-environment';

let kit: ProbeKit;
beforeAll(async () => {
  kit = await createProbeKit();
}, 60_000);
afterAll(() => kit?.close());

const unrecorded = (calls: readonly string[]): string[] => calls.filter((call) => !call.startsWith('record'));

describe('a saga, when a step fails', () => {
  const input = probeInput();
  const table = everyStepFails({ steps: probeSteps(input), followUps: probeFollowUps(input) });

  it.each(table)('$title', async ({ arm, check }) => {
    const fakes = createProbeFakes();
    arm(fakes);
    await kit.probe(fakes, (saga) => check(saga, fakes));
  });
});

describe('an external step', () => {
  it('has a regular activity as its first attempt', async () => {
    const fakes = createProbeFakes();
    await kit.probe(fakes, async (saga) => {
      await saga.result();
      const { events = [] } = await saga.fetchHistory();
      const scheduled = events?.flatMap((event) => event.activityTaskScheduledEventAttributes?.activityId ?? []);
      expect(scheduled).toContain('charge');
      expect(scheduled).not.toContain('reserve');
      expect(fakes.attemptsOf('charge')).toBe(1);
    });
  });

  it('does not block a cancellation while it hangs', async () => {
    const fakes = createProbeFakes();
    fakes.make('charge', hangs());
    await kit.probe(fakes, async (saga) => {
      await kit.until(saga, () => fakes.attemptsOf('charge') === 1, '10ms');
      await saga.executeUpdate('cancel', { args: [{ actor: 'key_cus', reason: 'changed my mind' }] });
      expect(await failureOf(saga)).toMatchObject({ failed_step: 'charge', code: 'cancelled' });
      expect(await minutesOf(saga)).toBeLessThan(5 / 60);
    });
  });

  it('is retried after a time-out', async () => {
    const fakes = createProbeFakes();
    fakes.make('charge', hangs(1));
    await kit.probe(fakes, async (saga) => {
      await saga.result();
      expect(fakes.attemptsOf('charge')).toBe(2);
    });
  });
});

describe('a step in the database', () => {
  it('becomes a regular activity when its local attempt hangs for five seconds', async () => {
    const fakes = createProbeFakes();
    fakes.make('reserve', hangs(1));
    await kit.probe(fakes, async (saga) => {
      await saga.result();
      expect(fakes.attemptsOf('reserve')).toBe(2);
      expect(unrecorded(fakes.calls)).toEqual(['reserve', 'reserve', 'charge', 'decide', 'deliver']);
    });
  });
});

describe('a fallback', () => {
  it('runs with the same input when no request was sent', async () => {
    const fakes = createProbeFakes();
    fakes.make('charge', opensCircuit());
    await kit.probe(fakes, async (saga) => {
      await saga.result();
      expect(fakes.calls).toEqual(['reserve', 'charge', 'chargeElsewhere', 'decide', 'deliver']);
      expect(fakes.argumentsOf('chargeElsewhere')).toEqual(fakes.argumentsOf('charge'));
      const { state, steps } = await saga.query<SagaStatus>('status');
      expect(state).toBe('completed');
      expect(steps[1]).toMatchObject({ state: 'done', error: 'fell back: The circuit is open.' });
    });
  });

  it('replaces its step for all later attempts', async () => {
    const fakes = createProbeFakes();
    fakes.make('charge', opensCircuit());
    fakes.make('chargeElsewhere', breaks(5));
    await kit.probe(fakes, async (saga) => {
      await saga.result();
      expect([fakes.attemptsOf('charge'), fakes.attemptsOf('chargeElsewhere')]).toEqual([1, 6]);
    });
  });

  it('has the rest of its step’s ten minutes, and the same compensation', async () => {
    const fakes = createProbeFakes();
    fakes.make('charge', (attempt) => (attempt < 60 ? breaks()(attempt) : opensCircuit()(attempt)));
    fakes.make('chargeElsewhere', breaks());
    await kit.probe(fakes, async (saga) => {
      expect(await failureOf(saga)).toMatchObject({ failed_step: 'charge', code: 'step_timed_out' });
      expect(await minutesOf(saga)).toBeCloseTo(10, 0);
      expect(fakes.attemptsOf('chargeElsewhere')).toBeGreaterThan(10);
      expect(unrecorded(fakes.calls).slice(-4)).toEqual(['refund', 'release', 'apologise', 'tell']);
    });
  });

  it('compensates the saga when it is refused', async () => {
    const fakes = createProbeFakes();
    fakes.make('charge', opensCircuit());
    fakes.make('chargeElsewhere', refuses('card_declined'));
    await kit.probe(fakes, async (saga) => {
      expect(await failureOf(saga)).toMatchObject({ failed_step: 'charge', code: 'card_declined' });
      expect(fakes.attemptsOf('refund')).toBe(1);
    });
  });

  it('is retried without end after the pivot, like its step', async () => {
    const fakes = createProbeFakes();
    fakes.make('deliver', opensCircuit());
    fakes.make('deliverElsewhere', breaks(9));
    await kit.probe(fakes, async (saga) => {
      await saga.result();
      expect([fakes.attemptsOf('deliver'), fakes.attemptsOf('deliverElsewhere')]).toEqual([1, 10]);
      expect(fakes.calls).toContain('record stuck');
      expect(fakes.attemptsOf('refund') + fakes.attemptsOf('release')).toBe(0);
    });
  });

  it('may be missing: an open circuit is then a fault and not a refusal', async () => {
    const fakes = createProbeFakes();
    fakes.make('reserve', (attempt) => (attempt === 1 ? opensCircuit()(attempt) : undefined));
    await kit.probe(fakes, async (saga) => {
      await saga.result();
      expect(fakes.attemptsOf('reserve')).toBe(2);
    });
  });
});

describe('follow-ups', () => {
  const begun = ['release', 'apologise', 'tell'];

  it('are shown only once the saga compensates', async () => {
    const fakes = createProbeFakes();
    fakes.make('charge', breaks(8));
    fakes.make('decide', refuses('too_late'));
    fakes.make('apologise', breaks());
    await kit.probe(fakes, async (saga) => {
      const before = await kit.until(saga, () => fakes.attemptsOf('charge') > 0, '10ms');
      expect(before.steps.map(({ name }) => name)).toEqual(['reserve', 'charge', 'decide', 'deliver']);
      const status = await kit.until(saga, ({ state }) => state === 'stuck');
      expect(stepStates(status)).toEqual([
        'reserve undone',
        'charge undone',
        'decide failed',
        'deliver pending',
        'apologise running',
        'tell pending',
      ]);
    });
  });

  it('can be retried by an operator, but not skipped', async () => {
    const fakes = createProbeFakes();
    fakes.make('reserve', refuses('sold_out'));
    fakes.make('apologise', breaks(8));
    const decision = { step: 'apologise', actor: 'key_op', reason: 'the provider is back' };
    await kit.probe(fakes, async (saga) => {
      await kit.until(saga, ({ state }) => state === 'stuck');
      await expect(saga.executeUpdate('skipStep', { args: [decision] })).rejects.toMatchObject({
        cause: { type: 'step_not_stuck' },
      });
      await saga.executeUpdate('retryStep', { args: [decision] });
      expect(await failureOf(saga)).toMatchObject({ failed_step: 'reserve', code: 'sold_out' });
      expect(await minutesOf(saga)).toBeLessThan(1);
      expect(fakes.calls.filter((call) => begun.includes(call))).toEqual([
        'release',
        ...Array.from({ length: 9 }, () => 'apologise'),
        'tell',
      ]);
      expect(fakes.calls.filter((call) => call.startsWith('record'))).toEqual([
        'record compensating',
        'record stuck',
        'record retry apologise',
        'record compensating',
        'record compensated',
      ]);
    });
  });

  it('wait for every compensation, including a stuck one', async () => {
    const fakes = createProbeFakes();
    fakes.make('charge', refuses('card_declined'));
    fakes.make('refund', breaks());
    await kit.probe(fakes, async (saga) => {
      await kit.until(saga, ({ state, steps }) => state === 'stuck' && steps[0]?.state === 'undone');
      expect(fakes.attemptsOf('apologise')).toBe(0);
      await saga.executeUpdate('skipStep', { args: [{ step: 'charge', actor: 'key_op', reason: 'paid by hand' }] });
      await failureOf(saga);
      expect(unrecorded(fakes.calls).slice(-2)).toEqual(['apologise', 'tell']);
    });
  });
});

describe('two failures at once', () => {
  it('fail the saga with the first one, and every step is compensated', async () => {
    const fakes = createProbeFakes();
    fakes.make('charge', refuses('card_declined'));
    fakes.make('refund', breaks(20));
    fakes.make('release', breaks(20));
    await kit.probe(fakes, async (saga) => {
      expect(await failureOf(saga)).toMatchObject({ failed_step: 'charge', code: 'card_declined' });
      expect(stepStates(await saga.query<SagaStatus>('status')).slice(0, 2)).toEqual([
        'reserve undone',
        'charge undone',
      ]);
    });
  });

  it('of operators’ decisions: only the first one counts', async () => {
    const fakes = createProbeFakes();
    fakes.make('charge', refuses('card_declined'));
    fakes.make('refund', breaks());
    await kit.probe(fakes, async (saga) => {
      await kit.until(saga, ({ state, steps }) => state === 'stuck' && steps[0]?.state === 'undone');
      const decision = { step: 'charge', actor: 'key_op', reason: 'paid by hand' };
      const decisions = ['skipStep', 'retryStep'].map((update) => saga.executeUpdate(update, { args: [decision] }));
      const heard = await Promise.allSettled(decisions);
      expect(heard.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      expect(fakes.calls.filter((call) => /^record (skip|retry)/.test(call)).length).toBeLessThanOrEqual(1);
    });
  });

  it('of retries: an operator’s retry waits for the attempt that runs after five minutes', async () => {
    const fakes = createProbeFakes();
    const atWork = createDeferred();
    fakes.make('charge', refuses('card_declined'));
    fakes.make('refund', async (attempt) => (attempt <= 8 ? breaks()(attempt) : atWork.promise));
    await kit.probe(fakes, async (saga) => {
      await kit.until(saga, ({ state }) => state === 'stuck');
      let minutes = 0;
      await kit.until(saga, () => minutes++ === 4, '1 minute');
      // Time is not skipped while the attempt is at work: small steps from here on.
      await kit.until(saga, () => fakes.attemptsOf('refund') === 9, '1s');
      await saga.executeUpdate('retryStep', { args: [{ step: 'charge', actor: 'key_op', reason: 'now' }] });
      await kit.until(saga, () => fakes.calls.includes('record retry charge'), '10ms');
      atWork.resolve();
      await failureOf(saga);
      expect(fakes.attemptsOf('refund')).toBe(9);
    });
  });

  it('of a step and of the records: the records are written later, in order', async () => {
    const fakes = createProbeFakes();
    fakes.make('charge', refuses('card_declined'));
    fakes.make('recordSagaOutcome', breaks(30));
    await kit.probe(fakes, async (saga) => {
      await failureOf(saga);
      const told = fakes.calls.filter((call) => call.startsWith('record'));
      expect([...new Set(told)]).toEqual(['record compensating', 'record compensated']);
      expect(told.indexOf('record compensated')).toBe(30 + 1);
    });
  });
});
