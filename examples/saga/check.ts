import { createFakeActivities, createSagaKit, everyStepFails } from 'paysaga/saga/testing';
import type { TripActivities } from './trip-activities';
import { tripFollowUps, tripSaga, tripSteps } from './trip-saga';

const trip = { saga_id: 'trip-1', correlation_id: 'req-1', traveller: 'ada', nights: 2 };

const createFakes = () =>
  createFakeActivities<TripActivities>({
    bookFlight: { flight_ref: 'seat_1' },
    cancelFlight: undefined,
    bookHotel: { room_ref: 'room_1' },
    bookHostel: { room_ref: 'bed_1' },
    cancelRoom: undefined,
    takeMoney: undefined,
    wasMoneyTaken: false,
    sendTickets: undefined,
    writeLetter: undefined,
  });

/** What a test runner would do with `it.each(table)`. Exit code 1 at the first step that does not hold. */
async function main(): Promise<void> {
  const path = process.env['TEMPORAL_TEST_SERVER'];
  const kit = await createSagaKit({
    workflowsPath: require.resolve('./trip-saga'),
    ...(path && { server: { executable: { type: 'existing-path', path } } }),
  });
  try {
    const steps = tripSteps(trip, { flight_ref: '', room_ref: '' });
    for (const { title, arm, check } of everyStepFails({ steps, followUps: tripFollowUps(trip) })) {
      const fakes = createFakes();
      arm(fakes);
      await kit.run({ workflow: tripSaga, args: [trip], fakes }, (saga) => check(saga, fakes));
      console.log(`held: ${title}`);
    }
  } finally {
    await kit.close();
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
