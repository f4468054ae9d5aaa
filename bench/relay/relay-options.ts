import type { OutboxActivitiesOptions } from '../../activities/outbox';
import { eventRegistry } from '../../src/application';
import { connectKafka } from '../../src/messaging/kafka';
import { connectDatabase } from '../../src/platform/database/database';
import { createFaults } from '../../src/platform/faults/faults';
import { createLogger } from '../../src/platform/telemetry/logger';
import type { BenchStack } from '../stack/bench-stack';

/** What the worker process gives its relay. */
export function relayOptions({ config, teardown }: BenchStack): OutboxActivitiesOptions {
  const logger = createLogger({ name: 'bench', ...config.log });
  const database = connectDatabase({ ...config.database, applicationName: 'paysaga-bench', logger });
  teardown.add(() => database.$disconnect());
  const kafka = connectKafka({ config: config.kafka, logger });
  const faults = createFaults({ database, enabled: false, logger });
  return { database, kafka, registry: eventRegistry, config: config.outbox, logger, faults };
}
