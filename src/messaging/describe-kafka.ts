import { within } from '../platform/wait';
import type { Admin, Kafka } from './kafka';

/** Queries the cluster for health checks. */
export interface KafkaHealth {
  /** Returns the number of brokers. @throws Error without an answer within the deadline */
  describe(deadlineMs: number): Promise<{ readonly brokers: number }>;
  /** Returns the names of all topics. @throws Error without an answer within the deadline */
  topics(deadlineMs: number): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** Creates the queries, over one connection that is replaced after a failure. */
export function createKafkaHealth(kafka: Kafka): KafkaHealth {
  let connecting: Promise<Admin> | undefined;

  const connect = async (): Promise<Admin> => {
    const admin = kafka.createAdmin();
    await admin.connect();
    return admin;
  };

  const forget = (mine: Promise<Admin>): void => {
    if (connecting === mine) connecting = undefined;
    void mine.then((admin) => admin.disconnect()).catch(() => undefined);
  };

  async function ask<T>(deadlineMs: number, question: (admin: Admin) => Promise<T>): Promise<T> {
    const mine = (connecting ??= connect());
    const late = (): Error => new Error(`Kafka did not answer within ${deadlineMs} ms.`);
    try {
      return await within(deadlineMs, mine.then(question), late);
    } catch (error) {
      // Also after a late answer: a connection whose other end is gone would stay silent for a minute.
      forget(mine);
      throw error;
    }
  }

  return {
    describe: (deadlineMs) =>
      ask(deadlineMs, async (admin) => ({ brokers: (await admin.describeCluster()).brokers.length })),
    // All topics: a query for a missing one would create it on a broker that creates topics by itself.
    topics: (deadlineMs) => ask(deadlineMs, (admin) => admin.listTopics()),
    async close() {
      const mine = connecting;
      connecting = undefined;
      await mine?.then((admin) => admin.disconnect()).catch(() => undefined);
    },
  };
}
