import type { Table } from '../platform/database/table';

/** Any aggregate's state: the row, with the version of its last event. */
export interface Versioned {
  readonly version: number;
}

export interface AggregateEvent {
  readonly type: string;
  readonly payload: unknown;
}

/** Where an aggregate lives, and how its events become its row. */
export interface Aggregate<State extends Versioned, Event extends AggregateEvent> {
  readonly type: string;
  readonly table: Table<keyof State & string>;
  /** Pure: the next state without its version, which the unit of work counts. */
  readonly evolve: (state: State | undefined, event: Event) => State;
}
