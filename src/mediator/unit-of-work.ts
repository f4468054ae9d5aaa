import { type EventContext, eventRows, type NewEvent } from '../outbox/append';
import type { EventRegistry } from '../outbox/event-registry';
import type { Queryable, Tx } from '../platform/database/database';
import { newId } from '../platform/ids';
import type { Aggregate, AggregateEvent, Versioned } from './aggregate';
import { lockRows } from './row.sql';
import { type Row, type TableName, write, type Writes } from './write.sql';

export interface UnitOfWorkOptions {
  readonly registry: EventRegistry;
  readonly context: EventContext;
  /** Absent for a command that writes in one statement, and so cannot read under a lock. */
  readonly tx?: Tx;
  /** Collects the lanes of all new rows, for the notification after the commit. */
  readonly lanes: Set<number>;
}

/**
 * Collects what a command writes, and writes it together or not at all: rows, events with their
 * outbox rows, and the once-key.
 */
export interface UnitOfWork {
  /** The open transaction. @throws Error for a command declared `one_statement` */
  readonly tx: Tx;
  readonly interactive: boolean;
  /**
   * Locks rows in this order until the transaction ends, in one statement: what {@link load} would do one by one. Not
   * for one that somebody may insert while this one waits for the rows before it: that one is not seen.
   */
  lock(...rows: readonly (readonly [LockedAggregate, id: string])[]): Promise<void>;
  /** Locks the aggregate's row until the transaction ends, so its commands queue here; as changed here since. */
  load<State extends Versioned, Event extends AggregateEvent>(
    aggregate: Aggregate<State, Event>,
    id: string,
  ): Promise<State | undefined>;
  /** Applies the events to the state, and will write the row, the events and their outbox rows. */
  change<State extends Versioned, Event extends AggregateEvent>(
    aggregate: Aggregate<State, Event>,
    state: State | undefined,
    events: readonly Event[],
  ): State;
  insert(table: TableName, row: Row): void;
  /** Changes these columns of a row that is no aggregate's. */
  update<R extends Row>(table: TableName, idColumn: keyof R & string, row: R): void;
  append(event: NewEvent): void;
  /** The relay of this lane looks for rows after the commit. {@link append} does that by itself. */
  wake(lane: number): void;
  /** @returns `false` when the key to claim was there already, and nothing was written */
  write(database: Queryable, besides?: Omit<Writes, 'inserts' | 'updates'>): Promise<boolean>;
}

type LockedAggregate = Pick<Aggregate<never, never>, 'table' | 'idColumn'>;

interface Change {
  readonly table: TableName;
  readonly idColumn: string;
  readonly isNew: boolean;
  row: Row;
}

const rowKey = (table: TableName, id: unknown): string => `${table}/${String(id)}`;

export function createUnitOfWork({ registry, context, tx, lanes }: UnitOfWorkOptions): UnitOfWork {
  const inserts = new Map<TableName, Row[]>();
  /** The rows that are locked, as they are now, by table and id. */
  const loaded = new Map<string, unknown>();
  /** The last state of each aggregate changed here, by table and id. */
  const changes = new Map<string, Change>();

  const insert = (table: TableName, row: Row): void => {
    const rows = inserts.get(table);
    if (rows) rows.push(row);
    else inserts.set(table, [row]);
  };

  const append = (event: NewEvent): void => {
    const rows = eventRows(registry, event, context, newId('evt'));
    insert('event', rows.event);
    insert('outbox', rows.outbox);
    lanes.add(rows.outbox.shard);
  };

  return {
    interactive: tx !== undefined,

    get tx() {
      if (!tx) throw new Error('A one_statement command has no open transaction: declare it `interactive`.');
      return tx;
    },

    async lock(...rows) {
      const refs = rows.map(([{ table, idColumn }, id]) => ({ table, idColumn, id }));
      const states = await lockRows(this.tx, refs);
      for (const [index, { table, id }] of refs.entries()) loaded.set(rowKey(table, id), states[index]);
    },

    async load<State extends Versioned, Event extends AggregateEvent>(aggregate: Aggregate<State, Event>, id: string) {
      const key = rowKey(aggregate.table, id);
      if (!loaded.has(key)) await this.lock([aggregate, id]);
      return loaded.get(key) as State | undefined;
    },

    change(aggregate, state, events) {
      let next = state;
      for (const event of events) {
        const version = (next?.version ?? 0) + 1;
        next = { ...aggregate.evolve(next, event), version };
        append({ aggregate_type: aggregate.type, aggregate_id: String(next[aggregate.idColumn]), version, ...event });
      }
      if (!next) throw new Error(`Nothing happened to the ${aggregate.type}: it has neither a state nor an event.`);
      if (events.length > 0) {
        const key = rowKey(aggregate.table, next[aggregate.idColumn]);
        loaded.set(key, next);
        const earlier = changes.get(key);
        if (earlier) earlier.row = next;
        else {
          const { table, idColumn } = aggregate;
          changes.set(key, { table, idColumn, isNew: state === undefined, row: next });
        }
      }
      return next;
    },

    insert,
    update(table, idColumn, row) {
      changes.set(rowKey(table, row[idColumn]), { table, idColumn, isNew: false, row });
    },
    append,
    wake: (lane) => void lanes.add(lane),

    async write(database, besides = {}) {
      const updates = new Map<TableName, { idColumn: string; rows: Row[] }>();
      for (const { table, idColumn, isNew, row } of changes.values()) {
        if (isNew) insert(table, row);
        else {
          const update = updates.get(table);
          if (update) update.rows.push(row);
          else updates.set(table, { idColumn, rows: [row] });
        }
      }
      const written = await write(database, { inserts, updates, ...besides });
      inserts.clear();
      changes.clear();
      return written;
    },
  };
}
