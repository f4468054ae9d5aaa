import { eventRegistry } from '../../src/application';
import { eventually, must } from '../eventually';
import { checkAggregates, checkEffects } from './event-rules';
import { checkCharges, checkLedger, checkPayments, checkShipments } from './row-rules';
import { type BookedCharge, countMoving, readRows, type Snapshot } from './snapshot.sql';
import { createTopicReader, type TopicEnds } from './topic-reader';
import { checkTopics } from './topic-rules';

export interface CheckerOptions {
  /** As it is, not through anything that a test breaks; the whole database is judged. */
  readonly databaseUrl: string;
  readonly kafkaBrokers: string;
  /** The books of the payment providers, however they behave. */
  readonly readBooks?: () => Promise<readonly BookedCharge[]>;
  /** Where the topics ended before this database was used; their beginning unless given. */
  readonly since?: TopicEnds;
}

export interface Checker {
  snapshot(): Promise<Snapshot>;
  /**
   * Waits until everything has come to rest, and then until every promise holds.
   * @returns what was judged
   * @throws ConsistencyError naming each broken promise, when the deadline has passed
   */
  holds(deadlineMs: number): Promise<Snapshot>;
}

/** The system says, at rest, something that it promised never to say. */
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

/** Judges a database and the topics that its events went to. */
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
      // What never comes to rest is judged all the same, for the reasons.
      await eventually(atRest, { deadlineMs }).catch(() => undefined);
      return eventually(judge, { deadlineMs: deadline - performance.now(), everyMs: 200 });
    },
  };
}

/** Every promise that the snapshot breaks, a sentence each. Pure; for a system that has come to rest. */
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
