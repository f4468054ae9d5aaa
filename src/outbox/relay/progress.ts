import type { Queryable } from '../../platform/database/queryable';

/** Says whether the work in hand moves: what a heartbeat vouches for. */
export interface Progress {
  /** Runs a round; the clock ticks while it runs, and rests between two. */
  during<T>(round: () => Promise<T>): Promise<T>;
  /** Something answered, be it with an error: the round moves. */
  note(): void;
  /** For how long the round in hand has not moved, in ms; 0 between rounds. */
  silentMs(): number;
}

/** Measures by the process's own monotonic clock. */
export function createProgress(now: () => number = () => performance.now()): Progress {
  let movedAt: number | undefined;
  return {
    async during(round) {
      movedAt = now();
      try {
        return await round();
      } finally {
        movedAt = undefined;
      }
    },
    note() {
      if (movedAt !== undefined) movedAt = now();
    },
    silentMs: () => (movedAt === undefined ? 0 : now() - movedAt),
  };
}

/** Notes each answer of the call, also when it is an error. */
export const noting = <T>({ note }: Progress, call: Promise<T>): Promise<T> => call.finally(note);

/** The same database, with each answer of it noted as progress. */
export const notingDatabase = (database: Queryable, progress: Progress): Queryable => ({
  $queryRawUnsafe: (sql, ...values) => noting(progress, database.$queryRawUnsafe(sql, ...values)),
  $executeRawUnsafe: (sql, ...values) => noting(progress, database.$executeRawUnsafe(sql, ...values)),
});

/** A call of the round never came back. Its lanes must go to another attempt, which fences this one off. */
export class RelayStalled extends Error {
  override readonly name = 'RelayStalled';
  readonly code = 'relay_stalled';

  constructor(silentMs: number) {
    super(
      `A round of the relay has not moved for ${Math.round(silentMs)} ms: a call to Postgres or Kafka hangs. ` +
        'The run is given up; the next one takes its lanes and sends its rows again.',
    );
  }
}
