/**
 * `paysaga/outbox`: the transactional outbox, its relay and the inbox, for other services. It needs PostgreSQL, Kafka
 * and a database client with Prisma's two raw calls. See `examples/outbox`.
 *
 * - {@link append} writes events in the transaction that changes the state.
 * - {@link startRelay} publishes them at least once, in version order per aggregate.
 * - {@link claim} lets a consumer's effect happen once, in the transaction of the effect.
 */
export { claim } from '../cqrs/idempotency';
export { type IdempotencyKey, keyForEvent } from '../cqrs/idempotency';
export type { EventMessage } from '../kafka/cloud-events';
export { incomingMessage, sourceOf, type IncomingMessage } from '../kafka/received-event';
export { connectKafka, type Kafka, type KafkaConnection, type KafkaOptions } from '../kafka/client';
export { UnreadableMessage } from '../kafka/received-event';
export { isEvent, readEvent, type ReceivedEvent } from '../kafka/received-event';
export type { CloudEventsMode } from '../kafka/cloud-events';
export { createTopics, type CreateTopicsOptions } from '../kafka/topics';
export type { Logger } from '../platform/logger';
export { createMetrics, type Metrics } from '../platform/metrics';
export type { Queryable } from '../platform/database/statements';
export type { EventContext, NewEvent } from '../events/append';
export type { EventNames } from '../events/registry';
export { createEventRegistry, defineEvent, type EventDefinition, type EventRegistry } from '../events/registry';
export { append, type AppendOptions } from './library';
export { outboxSchema } from './schema.sql';
export { startRelay, type RunningRelay, type StartRelayOptions } from './library';
export { registerOutboxMetrics, type OutboxMetricsOptions } from './backlog-metrics';
export { createRelayMetrics, type RelayMetrics } from './relay-metrics';
export type { RelayResult } from './relay';
export { createListener, type Listener } from './notify';
export { createNotifier, type NotifierOptions } from './notify';
export type { WakeUp } from './notify';
export type { Notifier } from '../events/append';
