import type { WorkflowHandle } from '@temporalio/client';
import { bundleWorkflowCode, Worker } from '@temporalio/worker';
import type { InsuredActivities } from '../../examples/saga/insured-trip-saga';
import { tripSaga } from '../../examples/saga/trip-saga';
import {
  breaks,
  createFakeActivities,
  createSagaKit,
  failureOf,
  refuses,
  type SagaKit,
} from '../../workflows/saga/testing';
import { recordedHistory, recordHistory } from '../support/sagas/histories';
import { silenceTemporal, testServer } from '../support/sagas/time-skipping-server';

const trip = { saga_id: 'trip-1', correlation_id: 'req_1', traveller: 'ada', nights: 2 };

const releases = {
  before: require.resolve('../../examples/saga/trip-saga'),
  patched: require.resolve('../../examples/saga/insured-trip-saga'),
  unpatched: require.resolve('../support/sagas/changed/unpatched-trip-saga'),
};

const createFakes = () =>
  createFakeActivities<InsuredActivities>({
    bookFlight: { flight_ref: 'seat_1' },
    cancelFlight: undefined,
    insure: undefined,
    cancelInsurance: undefined,
    bookHotel: { room_ref: 'room_1' },
    bookHostel: { room_ref: 'bed_1' },
    cancelRoom: undefined,
    takeMoney: undefined,
    wasMoneyTaken: false,
    sendTickets: undefined,
    writeLetter: undefined,
  });

const quiet = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error: console.error };

async function replay(release: keyof typeof releases, name: string): Promise<Error | undefined> {
  const { code } = await bundleWorkflowCode({ workflowsPath: releases[release], logger: quiet });
  const results = Worker.runReplayHistories({ workflowBundle: { code } }, [recordedHistory('patched', name)]);
  for await (const { error } of results) return error ?? undefined;
  throw new Error('Nothing was replayed.');
}

/** Runs the trip saga of a release, as long as the story takes. */
async function telling(
  release: keyof typeof releases,
  story: (kit: SagaKit, saga: WorkflowHandle, fakes: ReturnType<typeof createFakes>) => Promise<void>,
): Promise<void> {
  const kit = await createSagaKit({ workflowsPath: releases[release], server: testServer() });
  try {
    const fakes = createFakes();
    await kit.run({ workflow: tripSaga, args: [trip], fakes }, (saga) => story(kit, saga, fakes));
  } finally {
    await kit.close();
  }
}

beforeAll(() => silenceTemporal());

describe.each(['trip-running', 'trip-compensated'])('a history of the earlier release (%s)', (name) => {
  it('replays on the old code', async () => {
    expect(await replay('before', name)).toBeUndefined();
  });

  it('replays on the new code with patched', async () => {
    expect(await replay('patched', name)).toBeUndefined();
  });

  it('does not replay on the new code without patched', async () => {
    expect(await replay('unpatched', name)).toMatchObject({ name: 'DeterminismViolationError' });
  });
});

it('a new saga runs the new steps', async () => {
  await telling('patched', async (_, saga, fakes) => {
    await saga.result();
    expect(fakes.calls).toEqual(['bookFlight', 'insure', 'bookHotel', 'takeMoney', 'sendTickets']);
  });
});

/** With `RECORD_HISTORIES=1` they are kept: those in the folder were recorded before there was a patch. */
describe('the earlier release', () => {
  it('leaves a saga in the middle of a step', async () => {
    await telling('before', async (kit, saga, fakes) => {
      fakes.make('bookHotel', breaks());
      await kit.until(saga, () => fakes.attemptsOf('bookHotel') > 1, '10ms');
      expect(fakes.attemptsOf('insure')).toBe(0);
      if (process.env.RECORD_HISTORIES) await recordHistory('trip-running', saga, 'patched');
    });
  });

  it('leaves a compensated saga', async () => {
    await telling('before', async (_, saga, fakes) => {
      fakes.make('takeMoney', refuses('card_declined'));
      expect(await failureOf(saga)).toMatchObject({ failed_step: 'take_money' });
      expect(fakes.attemptsOf('cancelInsurance')).toBe(0);
      if (process.env.RECORD_HISTORIES) await recordHistory('trip-compensated', saga, 'patched');
    });
  });
});
