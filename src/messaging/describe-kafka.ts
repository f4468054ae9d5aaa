import { within } from '../platform/wait';
import type { Admin, Kafka } from './kafka';

export interface KafkaHealth {
  /** Answers how many brokers there are. @throws Error when none answered within the deadline */
  describe(deadlineMs: number): Promise<{ readonly brokers: number }>;
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

  return {
    async describe(deadlineMs) {
      const mine = (connecting ??= connect());
      const late = (): Error => new Error(`Kafka did not answer within ${deadlineMs} ms.`);
      try {
        const asking = mine.then((admin) => admin.describeCluster());
        const { brokers } = await within(deadlineMs, asking, late);
        return { brokers: brokers.length };
      } catch (error) {
        // Also when it is late: a connection whose other end has vanished would stay silent for a minute.
        forget(mine);
        throw error;
      }
    },
    async close() {
      const mine = connecting;
      connecting = undefined;
      await mine?.then((admin) => admin.disconnect()).catch(() => undefined);
    },
  };
}
