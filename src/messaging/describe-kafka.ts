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

  const ask = async (): Promise<{ brokers: number }> => {
    connecting ??= connect();
    const mine = connecting;
    try {
      const { brokers } = await (await mine).describeCluster();
      return { brokers: brokers.length };
    } catch (error) {
      if (connecting === mine) connecting = undefined;
      void mine.then((admin) => admin.disconnect()).catch(() => undefined);
      throw error;
    }
  };

  return {
    async describe(deadlineMs) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`Kafka did not answer within ${deadlineMs} ms.`)), deadlineMs);
      });
      const answer = ask();
      answer.catch(() => undefined);
      return Promise.race([answer, late]).finally(() => clearTimeout(timer));
    },
    async close() {
      await connecting?.then((admin) => admin.disconnect()).catch(() => undefined);
      connecting = undefined;
    },
  };
}
