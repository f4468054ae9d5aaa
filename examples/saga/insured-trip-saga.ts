import { patched } from '@temporalio/workflow';
import { runSaga, type SagaStep } from 'paysaga/saga';
import type { Tickets, Trip } from './trip';
import type { TripActivities } from './trip-activities';
import { tripFollowUps, tripSteps } from './trip-saga';

/**
 * The trip saga of the next release, under its old name: trips are insured before money is taken. A trip that runs
 * while this is deployed has a history without insurance; for it, `patched` is false, and its steps stay as they were.
 */
export async function tripSaga(trip: Trip): Promise<Tickets> {
  const tickets: Tickets = { flight_ref: '', room_ref: '' };
  const steps = patched('insure') ? insuredTripSteps(trip, tickets) : tripSteps(trip, tickets);
  await runSaga<InsuredActivities>({ subject: trip, steps, followUps: tripFollowUps(trip) });
  return tickets;
}

export interface InsuredActivities extends TripActivities {
  insure(trip: Trip): Promise<void>;
  cancelInsurance(trip: Trip): Promise<void>;
}

export function insuredTripSteps(trip: Trip, tickets: Tickets): SagaStep<InsuredActivities>[] {
  const [flight, ...others] = tripSteps(trip, tickets);
  const insurance: SagaStep<InsuredActivities> = {
    name: 'insure',
    execute: ({ insure }) => insure(trip),
    compensate: ({ cancelInsurance }) => cancelInsurance(trip),
  };
  return [...(flight ? [flight] : []), insurance, ...others];
}
