import { runSaga, type SagaStep } from 'paysaga/saga';
import type { Tickets, Trip } from './trip';
import type { TripActivities } from './trip-activities';

/** Books a flight and a room, takes the money and sends the tickets, or undoes everything and sends a letter. */
export async function tripSaga(trip: Trip): Promise<Tickets> {
  const tickets: Tickets = { flight_ref: '', room_ref: '' };
  await runSaga({ subject: trip, steps: tripSteps(trip, tickets), followUps: tripFollowUps(trip) });
  return tickets;
}

export const tripSteps = (trip: Trip, tickets: Tickets): SagaStep<TripActivities>[] => [
  {
    name: 'book_flight',
    external: true,
    execute: async ({ bookFlight }) => Object.assign(tickets, await bookFlight(trip)),
    compensate: ({ cancelFlight }) => cancelFlight(trip),
  },
  {
    name: 'book_hotel',
    external: true,
    execute: async ({ bookHotel }) => Object.assign(tickets, await bookHotel(trip)),
    fallback: async ({ bookHostel }) => Object.assign(tickets, await bookHostel(trip)),
    compensate: ({ cancelRoom }) => cancelRoom(trip),
  },
  {
    name: 'take_money',
    execute: ({ takeMoney }) => takeMoney(trip),
    pivot: { confirm: ({ wasMoneyTaken }) => wasMoneyTaken(trip) },
  },
  { name: 'send_tickets', execute: ({ sendTickets }) => sendTickets({ ...trip, ...tickets }) },
];

export const tripFollowUps = (trip: Trip): SagaStep<TripActivities>[] => [
  { name: 'write_letter', execute: ({ writeLetter }) => writeLetter(trip) },
];
