import { eventRegistry } from '../../src/application';
import { eventually, must } from '../eventually';
import { checkAggregates, checkEffects } from './event-rules';
import { checkCharges, checkLedger, checkPayments, checkShipments } from './row-rules';
import { type BookedCharge, countMoving, readRows, type Snapshot } from './snapshot.sql';
import { createTopicReader, type TopicEnds } from './topic-reader';
import { checkTopics } from './topic-rules';

/** The options of {@link createChecker}. */
export interface CheckerOptions {
  /** The database's own URL, past anything that a test breaks. The whole database is judged. */
  readonly databaseUrl: string;
  readonly kafkaBrokers: string;
  /** Reads the charges on the payment providers' books, in any behaviour of theirs. */
  readonly readBooks?: () => Promise<readonly BookedCharge[]>;
  /** The ends of the topics before this database was used. Defaults to the beginnings of the topics. */
  readonly since?: TopicEnds;
}

/** Checks that a system keeps its promises. */
export interface Checker {
  snapshot(): Promise<Snapshot>;
  /**
   * Waits until all work has ended, and then until every promise holds.
   * @returns what was judged
   * @throws ConsistencyError naming each broken promise, after the deadline
   */
  holds(deadlineMs: number): Promise<Snapshot>;
}

/** A system at rest has broken promises, one sentence each. */
export class ConsistencyError extends Error {
  override readonly name = 'ConsistencyError';

  constructor(readonly violations: readonly string[]) {
    super(
      `${violations.length} broken promises:\n${violations
        .slice(0, 20)
        .map((text) => `  - ${text}`)
        .join('\n')}`,
    );
  }
}

/** Creates a checker for a database and the topics of its events. */
export function createChecker({ databaseUrl, kafkaBrokers, readBooks, since }: CheckerOptions): Checker {
  async function snapshot(): Promise<Snapshot> {
    const rows = await readRows(databaseUrl);
    const topics = await createTopicReader(kafkaBrokers, eventRegistry.topics);
    try {
      const books = await readBooks?.();
      return { ...rows, ...(books && { books }), messages: await topics.read(since) };
    } finally {
      await topics.close();
    }
  }

  async function atRest(): Promise<void> {
    const moving = await countMoving(databaseUrl);
    must(moving === 0, `${moving} events and sagas are still on their way`);
  }

  async function judge(): Promise<Snapshot> {
    const judged = await snapshot();
    const violations = findViolations(judged);
    if (violations.length > 0) throw new ConsistencyError(violations);
    return judged;
  }

  return {
    snapshot,
    async holds(deadlineMs) {
      const deadline = performance.now() + deadlineMs;
      // A system that does not come to rest is judged as well, to report the reasons.
      await eventually(atRest, { deadlineMs }).catch(() => undefined);
      return eventually(judge, { deadlineMs: deadline - performance.now(), everyMs: 200 });
    },
  };
}

/** Returns every promise that the snapshot breaks, one sentence each. Pure; for a system at rest. */
export function findViolations(snapshot: Snapshot): string[] {
  return [
    ...checkLedger(snapshot),
    ...checkAggregates(snapshot),
    ...checkPayments(snapshot),
    ...checkCharges(snapshot),
    ...checkShipments(snapshot),
    ...checkTopics(snapshot),
    ...checkEffects(snapshot),
  ];
}
