import { type EventContext, eventRows, eventTable, type NewEvent, outboxTable } from '../events/append';
import type { EventRegistry } from '../events/registry';
import type { Queryable, Tx } from '../platform/database/database';
import type { Table } from '../platform/database/table';
import { newId } from '../platform/values';
import { type Row, write, type Writes } from './write.sql';

/** A reference to a row. */
export interface RowRef {
  readonly table: Table;
  readonly id: string;
}

/** Reads a row as JSON: amounts as numbers, times as RFC 3339. Returns `undefined` for an unknown row. */
export async function readRow<State>(database: Queryable, { table, id }: RowRef): Promise<State | undefined> {
  const rows = await database.$queryRawUnsafe<{ state: State }[]>(
    `SELECT to_json(stored) AS state FROM ${table.name} AS stored WHERE "${table.key}" = $1`,
    id,
  );
  return rows[0]?.state;
}

/**
 * Locks rows in this order until the transaction ends, and reads them as {@link readRow} does. Rows that refer to them
 * can still be inserted. A row that is inserted while this waits for a lock is not found.
 */
export async function lockRows(tx: Queryable, rows: readonly RowRef[]): Promise<unknown[]> {
  const columns = rows.map(
    ({ table: { name, key } }, index) =>
      `(SELECT to_json(stored) FROM (SELECT * FROM ${name} WHERE "${key}" = $${index + 1} FOR NO KEY UPDATE) AS stored)`,
  );
  const [locked] = await tx.$queryRawUnsafe<{ states: unknown[] }[]>(
    `SELECT json_build_array(${columns.join(',\n')}) AS states`,
    ...rows.map(({ id }) => id),
  );
  return (locked?.states ?? []).map((state) => state ?? undefined);
}

/** The dependencies of a unit of work. */
export interface UnitOfWorkOptions {
  readonly registry: EventRegistry;
  readonly context: EventContext;
  /** Collects the shards of all new rows, for the notification after the commit. */
  readonly shards: Set<number>;
}

/** Collects the rows, events and outbox rows of a command, and writes all of them or none. */
export interface PendingWrites {
  /** Applies events to the state and returns the new state. Adds its row, the events and their outbox rows. */
  change<State extends Versioned, Event extends AggregateEvent>(
    aggregate: Aggregate<State, Event>,
    state: State | undefined,
    events: readonly Event[],
  ): State;
  /** Adds a row to insert. Rows of one table must have the same columns. */
  insert(table: Table, row: Row): void;
  /** Adds the columns to change of a row that is not an aggregate. */
  update<Key extends string, R extends Readonly<Record<Key, string>>>(table: Table<Key>, row: R): void;
  /** Adds an event with its outbox row. {@link change} does so for the events of an aggregate. */
  append(event: NewEvent): void;
  /** Notifies the relay of a shard after the commit. {@link append} includes it. */
  wake(shard: number): void;
  /** Writes everything in one statement. @returns `false` if the key to claim existed: nothing was written */
  write(database: Queryable, besides?: Omit<Writes, 'inserts' | 'updates'>): Promise<boolean>;
}

/** The pending writes of an open transaction, which can read under locks. */
export interface UnitOfWork extends PendingWrites {
  readonly tx: Tx;
  /**
   * Locks rows in this order, in one statement, for {@link load}. A row that is inserted while this waits for an
   * earlier row is not seen.
   */
  lock(...rows: readonly (readonly [LockedAggregate, id: string])[]): Promise<void>;
  /** Locks an aggregate until the transaction ends and returns its state, with the changes of this unit of work. */
  load<State extends Versioned, Event extends AggregateEvent>(
    aggregate: Aggregate<State, Event>,
    id: string,
  ): Promise<State | undefined>;
}

type LockedAggregate = { readonly table: Table };

interface Change {
  readonly table: Table;
  readonly isNew: boolean;
  row: Row;
}

const rowKey = ({ name }: Table, id: unknown): string => `${name}/${String(id)}`;

/** Creates the pending writes of a command that reads nothing under a lock. */
export const createPendingWrites = (options: UnitOfWorkOptions): PendingWrites => collectWrites(options).writes;

/** Creates the unit of work of an open transaction. */
export function createUnitOfWork(tx: Tx, options: UnitOfWorkOptions): UnitOfWork {
  const { writes, loaded } = collectWrites(options);

  const lock: UnitOfWork['lock'] = async (...rows) => {
    const refs = rows.map(([{ table }, id]) => ({ table, id }));
    const states = await lockRows(tx, refs);
    for (const [index, { table, id }] of refs.entries()) loaded.set(rowKey(table, id), states[index]);
  };

  return {
    ...writes,
    tx,
    lock,
    async load<State extends Versioned, Event extends AggregateEvent>(aggregate: Aggregate<State, Event>, id: string) {
      const key = rowKey(aggregate.table, id);
      if (!loaded.has(key)) await lock([aggregate, id]);
      return loaded.get(key) as State | undefined;
    },
  };
}

function collectWrites({ registry, context, shards }: UnitOfWorkOptions) {
  const inserts = new Map<Table, Row[]>();
  /** The current state of the locked rows, by table and id. */
  const loaded = new Map<string, unknown>();
  /** The last state of each changed row, by table and id. */
  const changes = new Map<string, Change>();

  const insert = (table: Table, row: Row): void => {
    const rows = inserts.get(table);
    if (rows) rows.push(row);
    else inserts.set(table, [row]);
  };

  const append = (event: NewEvent): void => {
    const rows = eventRows(registry, event, context, newId('evt'));
    insert(eventTable, rows.event);
    insert(outboxTable, rows.outbox);
    shards.add(rows.outbox.shard);
  };

  const writes: PendingWrites = {
    change(aggregate, state, events) {
      let next = state;
      for (const event of events) {
        const version = (next?.version ?? 0) + 1;
        next = { ...aggregate.evolve(next, event), version };
        append({ aggregate_type: aggregate.type, aggregate_id: String(next[aggregate.table.key]), version, ...event });
      }
      if (!next) throw new Error(`Nothing happened to the ${aggregate.type}: it has neither a state nor an event.`);
      if (events.length > 0) {
        const key = rowKey(aggregate.table, next[aggregate.table.key]);
        loaded.set(key, next);
        const earlier = changes.get(key);
        if (earlier) earlier.row = next;
        else changes.set(key, { table: aggregate.table, isNew: state === undefined, row: next });
      }
      return next;
    },

    insert,
    update(table, row) {
      changes.set(rowKey(table, row[table.key]), { table, isNew: false, row });
    },
    append,
    wake: (shard) => void shards.add(shard),

    async write(database, besides = {}) {
      const updates = new Map<Table, Row[]>();
      for (const { table, isNew, row } of changes.values()) {
        if (isNew) insert(table, row);
        else {
          const rows = updates.get(table);
          if (rows) rows.push(row);
          else updates.set(table, [row]);
        }
      }
      const written = await write(database, { inserts, updates, ...besides });
      inserts.clear();
      changes.clear();
      return written;
    },
  };
  return { writes, loaded };
}

/** The state of an aggregate, with the version of its last event. */
export interface Versioned {
  readonly version: number;
}

/** An event of an aggregate, before it has an id and a version. */
export interface AggregateEvent {
  readonly type: string;
  readonly payload: unknown;
}

/** An aggregate: its table and the fold of its events. */
export interface Aggregate<State extends Versioned, Event extends AggregateEvent> {
  readonly type: string;
  readonly table: Table<keyof State & string>;
  /** Returns the next state. Pure. The unit of work sets the version. */
  readonly evolve: (state: State | undefined, event: Event) => State;
}
