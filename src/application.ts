import type { OpenAPIHono } from '@hono/zod-openapi';
import { analyticsModule } from './analytics/module';
import { billingModule } from './billing/module';
import { createMediator, type Mediator } from './cqrs/mediator';
import { deadLettersModule } from './dead-letters/module';
import type { DeadLetterRouteDeps } from './dead-letters/routes';
import type { Module } from './define-module';
import { noNotifier, type Notifier } from './events/append';
import { createEventRegistry } from './events/registry';
import { fulfilmentModule } from './fulfilment/module';
import { failShipment } from './fulfilment/ship';
import type { HttpEnv } from './http/problem';
import { type Catalogue, createCatalogue } from './inventory/catalogue';
import { inventoryModule } from './inventory/module';
import { ROTATION_GRACE_MS } from './keys/key-config';
import { keysModule } from './keys/module';
import { type OrderRouteDeps, ordersModule } from './orders/module';
import { outboxModule } from './outbox/module';
import type { ReplayDeps } from './outbox/replay';
import { cancelUncharged, failPayment } from './payments/compensate';
import { paymentsModule } from './payments/module';
import type { WebhookRouteDeps } from './payments/webhooks';
import type { Database } from './platform/database/database';
import type { Logger } from './platform/logger';
import { type Clock, systemClock } from './platform/timing';
import { reconciliationModule } from './reconciliation/module';
import { retentionModule } from './retention/module';
import { type SagaServices, sagasModule } from './sagas/module';
import { noProgress, type SagaViewSources } from './sagas/queries';
import type { SagaRouteDeps } from './sagas/routes';
import type { SagaEndings } from './sagas/saga';

interface Services extends SagaServices, ReplayDeps {
  readonly catalogue: Catalogue;
  readonly keyRotationGraceMs: number;
}

/** The dependencies of the routes of all modules. */
export type RouteDeps = OrderRouteDeps & WebhookRouteDeps & SagaRouteDeps & DeadLetterRouteDeps;

/** The modules, in the order of their routes in the API's document. */
const modules: readonly Module<Services, RouteDeps>[] = [
  ordersModule,
  paymentsModule,
  sagasModule,
  billingModule,
  inventoryModule,
  analyticsModule,
  outboxModule,
  deadLettersModule,
  keysModule,
  reconciliationModule,
  fulfilmentModule,
  retentionModule,
];

/** The registry of all event types. */
export const eventRegistry = createEventRegistry(modules.flatMap(({ events = [] }) => events));

/** The consumer groups of all modules. */
export const consumers = modules.flatMap(({ consumers = [] }) => consumers);

/** Creates the routes of all modules. */
export const createRoutes = (deps: RouteDeps): OpenAPIHono<HttpEnv>[] =>
  modules.flatMap(({ routes = [] }) => routes.map((create) => create(deps)));

const sagaEndings: SagaEndings = { payment: failPayment, order: cancelUncharged, shipment: failShipment };

/** The dependencies of {@link createApplication}. */
export interface ApplicationOptions extends Partial<SagaViewSources> {
  readonly database: Database;
  readonly logger: Logger;
  /** Notifies the relays of new rows. Without it they find them by polling. */
  readonly notifier?: Notifier;
  /** Defaults to the system's clock. */
  readonly clock?: Clock;
  /** How long a rotated key still works, in milliseconds. Defaults to 24 hours. */
  readonly keyRotationGraceMs?: number;
}

/** Creates the application that all processes run: a mediator with the handlers of all modules. */
export function createApplication({
  database,
  logger,
  notifier = noNotifier,
  clock = systemClock,
  workflowUrl = () => null,
  sagaProgress = noProgress,
  keyRotationGraceMs = ROTATION_GRACE_MS,
}: ApplicationOptions): Mediator {
  const catalogue = createCatalogue(database);
  const views = { workflowUrl, sagaProgress };
  const services = { ...views, sagaEndings, catalogue, registry: eventRegistry, consumers, keyRotationGraceMs };
  const handlers = modules.flatMap((module) => module.handlers?.(services) ?? []);
  return createMediator({ handlers, registry: eventRegistry, database, notifier, clock, logger });
}
