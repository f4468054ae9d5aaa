import { ApplicationFailure } from '@temporalio/activity';
import { CIRCUIT_OPEN, type SagaRecords } from 'paysaga/saga';
import type { Agency } from './agency';
import type { Tickets, Trip } from './trip';

/** Each happens once per saga, however often it is tried: the agency keeps the keys. */
export const createTripActivities = (agency: Agency) => ({
  async bookFlight({ saga_id }: Trip): Promise<{ flight_ref: string }> {
    return { flight_ref: agency.once(saga_id, 'book_flight', () => agency.takeSeat()) };
  },
  async cancelFlight({ saga_id }: Trip): Promise<void> {
    agency.undo(saga_id, 'book_flight', () => agency.giveSeatBack());
  },

  /** Never asks a hotel that is known to be closed: then the saga takes the hostel. */
  async bookHotel({ saga_id }: Trip): Promise<{ room_ref: string }> {
    if (agency.hotelIsClosed()) throw ApplicationFailure.nonRetryable('The hotel is closed.', CIRCUIT_OPEN);
    return { room_ref: agency.once(saga_id, 'book_hotel', () => agency.takeRoom() ?? refuse('no_room')) };
  },
  async bookHostel({ saga_id }: Trip): Promise<{ room_ref: string }> {
    return { room_ref: agency.once(saga_id, 'book_hotel', () => agency.takeBed()) };
  },
  async cancelRoom({ saga_id }: Trip): Promise<void> {
    agency.undo(saga_id, 'book_hotel', (room) => agency.giveRoomBack(room));
  },

  async takeMoney({ saga_id, nights }: Trip): Promise<void> {
    agency.once(saga_id, 'take_money', () => agency.receive(100 + 50 * nights));
  },
  /** If it was not taken, it never will be: the question takes the key. */
  async wasMoneyTaken({ saga_id }: Trip): Promise<boolean> {
    return agency.happened(saga_id, 'take_money');
  },

  async sendTickets({ saga_id, traveller, flight_ref, room_ref }: Trip & Tickets): Promise<void> {
    agency.once(saga_id, 'send_tickets', () => agency.send(`${traveller}: ${flight_ref}, ${room_ref}`));
  },
  async writeLetter({ saga_id, traveller }: Trip): Promise<void> {
    agency.once(saga_id, 'write_letter', () => agency.send(`${traveller}: we are sorry.`));
  },

  ...records,
});

/** The saga's records. A service stores them in its database. */
const records: SagaRecords = {
  async recordSagaOutcome({ saga_id, state, failure }) {
    console.log(JSON.stringify({ saga_id, state, failure }));
  },
  async recordStepDecision({ saga_id, step, verdict, actor, reason }) {
    console.log(JSON.stringify({ saga_id, step, verdict, actor, reason }));
  },
};

export type TripActivities = ReturnType<typeof createTripActivities>;

/** Final: the saga undoes what it did, and fails with this code. Any other error is tried again. */
function refuse(code: string): never {
  throw ApplicationFailure.create({ type: code, message: `Refused: ${code}.`, nonRetryable: true, category: 'BENIGN' });
}
