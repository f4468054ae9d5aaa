import { insuredTripSteps, type InsuredActivities } from '../../../../examples/saga/insured-trip-saga';
import type { Tickets, Trip } from '../../../../examples/saga/trip';
import { tripFollowUps } from '../../../../examples/saga/trip-saga';
import { runSaga } from '../../../../workflows/saga';

/** The insured trip as somebody deployed it who forgot the trips that run. */
export async function tripSaga(trip: Trip): Promise<Tickets> {
  const tickets: Tickets = { flight_ref: '', room_ref: '' };
  const steps = insuredTripSteps(trip, tickets);
  await runSaga<InsuredActivities>({ subject: trip, steps, followUps: tripFollowUps(trip) });
  return tickets;
}
