/**
 * Seats, rooms and money, in memory, where a service has a database: there `once` and `undo` are a table whose
 * primary key is the saga's id and the step, written in the transaction of the effect.
 */
export function createAgency({ rooms, hotelClosed = false }: { rooms: number; hotelClosed?: boolean }) {
  const keys = new Map<string, { result: string } | 'undone'>();
  const letters: string[] = [];
  let [seatsTaken, roomsLeft, bedsTaken, received, refs] = [0, rooms, 0, 0, 0];
  const newRef = (kind: string): string => `${kind}_${++refs}`;

  return {
    /** A repeat answers what the first one did. A late attempt of what was undone does nothing. */
    once(saga: string, step: string, effect: () => string): string {
      const known = keys.get(`${saga}/${step}`);
      if (known === 'undone') throw new Error(`Step ${step} was undone.`);
      const result = known?.result ?? effect();
      keys.set(`${saga}/${step}`, { result });
      return result;
    },
    /** Of what never happened it does nothing, but bars a late attempt. */
    undo(saga: string, step: string, effect: (result: string) => void): void {
      const known = keys.get(`${saga}/${step}`);
      if (known !== undefined && known !== 'undone') effect(known.result);
      keys.set(`${saga}/${step}`, 'undone');
    },
    happened(saga: string, step: string): boolean {
      const known = keys.get(`${saga}/${step}`);
      if (known === undefined) keys.set(`${saga}/${step}`, 'undone');
      return known !== undefined && known !== 'undone';
    },

    takeSeat: () => ((seatsTaken += 1), newRef('seat')),
    giveSeatBack: () => void (seatsTaken -= 1),
    hotelIsClosed: () => hotelClosed,
    takeRoom: () => (roomsLeft > 0 ? ((roomsLeft -= 1), newRef('room')) : undefined),
    takeBed: () => ((bedsTaken += 1), newRef('bed')),
    giveRoomBack: (room: string) => void (room.startsWith('bed') ? (bedsTaken -= 1) : (roomsLeft += 1)),
    receive: (amount: number) => ((received += amount), newRef('payment')),
    send: (letter: string) => (letters.push(letter), newRef('letter')),
    books: () => ({ seatsTaken, roomsLeft, bedsTaken, received, letters }),
  };
}

export type Agency = ReturnType<typeof createAgency>;
