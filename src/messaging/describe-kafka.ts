import { within } from '../platform/wait';
import type { Admin, Kafka } from './kafka';

export interface KafkaHealth {
  /** Answers how many brokers there are. @throws Error when none answered within the deadline */
  describe(deadlineMs: number): Promise<{ readonly brokers: number }>;
  /** Answers which topics there are. @throws Error when none answered within the deadline */
  topics(deadlineMs: number): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** Asks the cluster about itself over one connection, which it keeps, and makes anew after a failure. */
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
      // Also when it is late: a connection whose other end has vanished would stay silent for a minute.
      forget(mine);
      throw error;
    }
  }

  return {
    describe: (deadlineMs) =>
      ask(deadlineMs, async (admin) => ({ brokers: (await admin.describeCluster()).brokers.length })),
    // Of all: to ask for one that is missing makes it on a broker that makes topics by itself.
    topics: (deadlineMs) => ask(deadlineMs, (admin) => admin.listTopics()),
    async close() {
      const mine = connecting;
      connecting = undefined;
      await mine?.then((admin) => admin.disconnect()).catch(() => undefined);
    },
  };
}
