import { connectKafka, type Kafka } from 'paysaga/outbox';

export const openKafka = (): Kafka =>
  connectKafka({
    config: { brokers: (process.env.KAFKA_BROKERS ?? '').split(','), clientId: 'helpdesk', ssl: false },
  });
