/**
 * `paysaga/outbox`: the transactional outbox, its relay and the inbox, for other services. It needs PostgreSQL, Kafka
 * and a database client with Prisma's two raw calls. See `examples/outbox`.
 *
 * - {@link append} writes events in the transaction that changes the state.
 * - {@link startRelay} publishes them at least once, in version order per aggregate.
 * - {@link claim} lets a consumer's effect happen once, in the transaction of the effect.
 */
export { claim } from '../inbox/inbox.sql';
export { eventOnce, type Once } from '../inbox/once';
export type { EventMessage } from '../messaging/cloud-event';
export { incomingMessage, sourceOf, type IncomingMessage } from '../messaging/consumer/incoming-message';
export { connectKafka, type Kafka, type KafkaConnection, type KafkaOptions } from '../messaging/kafka';
export { UnreadableMessage } from '../messaging/consumer/unreadable-message';
export { isEvent, readEvent, type ReceivedEvent } from '../messaging/consumer/received-event';
export type { CloudEventsMode } from '../messaging/structured-event';
export { createTopics, type CreateTopicsOptions } from '../messaging/topics';
export type { Logger } from '../platform/telemetry/logger';
export { createMetrics, type Metrics } from '../platform/telemetry/metrics';
export type { Queryable } from '../platform/database/queryable';
export type { EventContext, NewEvent } from './append';
export type { EventNames } from './event-names';
export { createEventRegistry, defineEvent, type EventDefinition, type EventRegistry } from './event-registry';
export { append, type AppendOptions } from './library/append';
export { outboxSchema } from './library/schema.sql';
export { startRelay, type RunningRelay, type StartRelayOptions } from './library/start-relay';
export { registerOutboxMetrics, type OutboxMetricsOptions } from './outbox-metrics';
export { createRelayMetrics, type RelayMetrics } from './relay/relay-metrics';
export type { RelayResult } from './relay/relay';
export { createListener, type Listener } from './wake-up/listener';
export { createNotifier, type NotifierOptions } from './wake-up/notifier';
export type { WakeUp } from './wake-up/wake-up';
export type { Notifier } from './append';
