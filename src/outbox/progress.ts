import type { Queryable } from '../platform/database/statements';

/** Measures whether a round moves, which is what a heartbeat confirms. */
export interface Progress {
  /** Runs a round. The clock runs only meanwhile. */
  during<T>(round: () => Promise<T>): Promise<T>;
  /** Resets the clock: a call has returned, with or without an error. */
  note(): void;
  /** The time since the round last moved, in ms; 0 between rounds. */
  silentMs(): number;
}

/** Creates a measurement by the monotonic clock of the process. */
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

/** Notes progress when the call returns, with or without an error. */
export const noting = <T>({ note }: Progress, call: Promise<T>): Promise<T> => call.finally(note);

/** Wraps a database so that each of its answers is noted as progress. */
export const notingDatabase = (database: Queryable, progress: Progress): Queryable => ({
  $queryRawUnsafe: (sql, ...values) => noting(progress, database.$queryRawUnsafe(sql, ...values)),
  $executeRawUnsafe: (sql, ...values) => noting(progress, database.$executeRawUnsafe(sql, ...values)),
});

/** A call of the round has hung. The next run takes the shards and fences this one off. */
export class RelayStalled extends Error {
  override readonly name = 'RelayStalled';
  readonly code = 'relay_stalled';

  constructor(silentMs: number) {
    super(
      `A round of the relay has not moved for ${Math.round(silentMs)} ms: a call to Postgres or Kafka hangs. ` +
        'The run is given up; the next one takes its shards and sends its rows again.',
    );
  }
}
