import { type NativeConnection, Worker } from '@temporalio/worker';
import {
  createActivities,
  createOutboxActivities,
  createReconciliationActivities,
  createRetentionActivities,
  createUnpaidOrderActivities,
} from '../activities';
import { createApplication, eventRegistry } from './application';
import type { Config } from './config';
import { createIdempotencyKeys } from './cqrs/idempotency-keys';
import { createCarrier } from './fulfilment/carrier';
import { connectKafka, createKafkaHealth } from './kafka/client';
import { createListener, createNotifier } from './outbox/notify';
import { createOwnedRelays, keepRelaysRunning, rebalanceRelays, relayGroups } from './outbox/ownership';
import { createRelayMetrics } from './outbox/relay-metrics';
import { runReplays } from './outbox/run-replays';
import { createProviderChain } from './payments/providers/chain';
import { createCircuits } from './platform/circuit-breaker';
import { reportOpenCircuits } from './platform/circuit-reports';
import { connectDatabase } from './platform/database/database';
import { followDatabaseClock } from './platform/database/database-clock';
import { assertPooledSettings } from './platform/database/pooled-settings';
import { createFaults } from './platform/faults';
import { createMetrics, startMetricsServer } from './platform/metrics';
import { keepScheduled } from './platform/temporal/keep-scheduled';
import { connectTemporalClient, watchConnection } from './platform/temporal/temporal';
import {
  connectTemporalWorker,
  installTemporalRuntime,
  readTemporalMetrics,
  takeLoopbackPort,
  tryToConnect,
  workflowCode,
} from './platform/temporal/temporal-worker';
import { createReadiness, watchSetup } from './platform/watch-setup';
import { closeAll, runProcess } from './run-process';
import { createRerunCounter } from './sagas/metrics';
import { rerunLostSagas } from './sagas/rerun';
import { createSagaStarter } from './sagas/start';
import { runStartSweeper } from './sagas/start-sweeper';
import { schedulesOf } from './schedules';
import { setupChecks } from './setup-checks';
import { taskQueues } from './temporal-contract';

/** The sticky tasks of a killed worker go to another worker after this time. */
const STICKY_TIMEOUT = '1s';
/** Each cached workflow takes about half a megabyte, and the process stays below 512 MiB. */
const CACHED_WORKFLOWS = 200;
/** Relays claim and mark rows; the sweepers query now and then. */
const BACKGROUND_CONNECTIONS = 4;
/**
 * The least number of concurrent calls to external parties, even with a small pool, so that a slow provider does not
 * hold up other steps.
 */
const MIN_CALLS_OUTSIDE = 40;

/** A worker cannot drain while Temporal is away. It then ends this long after the grace time. */
const FORCE_AFTER_MS = 1_000;

/** The process of workflows, activities and the relay. It waits for Temporal; PostgreSQL and Kafka may come later. */
void runProcess('worker', async ({ config, logger, fail, stopping }) => {
  const metrics = createMetrics();
  if (config.metrics.port === undefined) installTemporalRuntime(logger);
  else {
    const metricsPort = await takeLoopbackPort();
    installTemporalRuntime(logger, metricsPort);
    metrics.include(() => readTemporalMetrics(metricsPort));
  }
  await assertPooledSettings({ ...config.database, logger, fail, signal: stopping });
  const database = connectDatabase({ ...config.database, applicationName: 'paysaga-worker', logger });
  await followDatabaseClock({ database, logger, signal: stopping });
  // Separate connections, so that relay and sweepers never queue behind a burst of sagas.
  const background = connectDatabase({
    ...config.database,
    poolSize: BACKGROUND_CONNECTIONS,
    applicationName: 'paysaga-worker-background',
    logger,
  });
  const kafka = connectKafka({ config: config.kafka, logger });
  const faults = createFaults({ database, enabled: config.faultInjection, logger });
  const notifications = { url: config.database.directUrl, applicationName: 'paysaga-worker-notifications', logger };
  const notifier = createNotifier(notifications);
  const mediator = createApplication({ database, logger, notifier });
  const temporal = connectTemporalClient({ config: config.temporal });
  const kafkaHealth = createKafkaHealth(kafka);
  const setup = watchSetup({
    checks: {
      database: () => setupChecks.database({ database: background }),
      topics: () => setupChecks.topics({ kafka: kafkaHealth }),
      temporal: () => setupChecks.temporal({ temporal }),
    },
    logger,
    signal: stopping,
  });
  const readiness = createReadiness(setup);
  const metricsServer = await startMetricsServer({
    ...config.metrics,
    ...(config.instanceId !== undefined && { instanceId: config.instanceId }),
    metrics,
    logger,
    missing: readiness.missing,
  });
  await setup.until('database');

  // Created before the Workers: while these wait for their namespace, it records why sagas do not start.
  const sagas = createSagaStarter({ temporal, ...config.saga, logger });
  const sweeper = runStartSweeper({ database: background, sagas, temporal, logger, signal: stopping });
  await setup.until('temporal');
  const connection = await connectTemporalWorker({ config: config.temporal, logger, signal: stopping });

  const circuits = createCircuits({ timeoutMs: config.providerTimeoutMs, metrics, logger });
  const outside = {
    providers: createProviderChain({ config: config.payments, addCircuit: circuits.add }),
    carrier: createCarrier({ config: config.carrier, addCircuit: circuits.add }),
  };
  const activities = {
    ...createActivities({ mediator, idempotency: createIdempotencyKeys({ database }), faults, ...outside }),
    ...createRetentionActivities({ mediator }),
    ...createReconciliationActivities({
      mediator,
      providers: outside.providers,
      config: config.reconciliation,
      logger,
    }),
    ...createUnpaidOrderActivities({ mediator, timeout: config.unpaidOrders.timeout }),
  };
  const sagaWorker = await createSagaWorker(connection, config, activities);
  const listener = createListener(notifications);
  const owned = createOwnedRelays();
  const relay = {
    database: background,
    owned,
    listener,
    kafka,
    registry: eventRegistry,
    config: config.outbox,
    cloudEventsMode: config.kafka.cloudEventsMode,
    logger,
    faults,
    ...(config.outboxMetrics && { metrics: createRelayMetrics(metrics, eventRegistry) }),
  };
  const relayWorker = await createRelayWorker(connection, config, createOutboxActivities(relay));

  const running = [sagaWorker, relayWorker].map((worker) => worker.run());
  for (const worker of running) {
    worker.catch((error: unknown) =>
      stopping.aborted ? logger.warn({ err: error }, 'worker.forced_to_stop') : fail(error),
    );
  }
  const { shardsPerRelay } = config.outbox;
  const sweeping = [
    sweeper,
    watchConnection({
      connection,
      namespace: config.temporal.namespace,
      tryAnother: () => tryToConnect(config.temporal),
      fail,
      signal: stopping,
    }),
    rerunLostSagas({
      database: background,
      sagas,
      temporal,
      logger,
      signal: stopping,
      onRerun: createRerunCounter(metrics),
    }),
    keepRelaysRunning({ temporal, shardsPerRelay, logger, signal: stopping }),
    runReplays({ database: background, mediator, logger, signal: stopping }),
    ...schedulesOf(config).map((scheduled) => keepScheduled({ temporal, scheduled, logger, signal: stopping })),
    rebalanceRelays({ database: background, owned, logger, signal: stopping }),
    reportOpenCircuits({ database: background, circuits: circuits.all, logger, signal: stopping }),
  ];
  readiness.begin();
  logger.info({ namespace: config.temporal.namespace, relay_groups: relayGroups(shardsPerRelay) }, 'worker.running');

  return async function stop() {
    // The relay stops first: it finishes its batch, and another worker takes over its shards.
    relayWorker.shutdown();
    sagaWorker.shutdown();
    await Promise.allSettled([...running, ...sweeping]);
    circuits.close();
    await closeAll([
      metricsServer.close(),
      kafkaHealth.close(),
      connection.close(),
      temporal.close(),
      listener.close(),
      notifier.close(),
      database.$disconnect(),
      background.$disconnect(),
    ]);
  };
});

function createSagaWorker(connection: NativeConnection, config: Config, activities: object): Promise<Worker> {
  return Worker.create({
    connection,
    namespace: config.temporal.namespace,
    taskQueue: taskQueues.sagas,
    ...workflowCode(),
    activities,
    maxCachedWorkflows: CACHED_WORKFLOWS,
    ...concurrencyFor(config.database.poolSize),
    stickyQueueScheduleToStartTimeout: STICKY_TIMEOUT,
    // A relay has no state to lose. If new code cannot replay it, it fails and starts anew.
    workflowFailureErrorTypes: { '*': [], outboxRelay: ['NondeterminismError'] },
    shutdownGraceTime: config.shutdownGraceMs,
    shutdownForceTime: config.shutdownGraceMs + FORCE_AFTER_MS,
  });
}

/**
 * Returns limits that fit the pool, because more work would only hold workflow tasks while it waits. Short local queues
 * let the server choose the next customer. Steps with external calls hold no connection during the call.
 */
const concurrencyFor = (poolSize: number) => ({
  maxConcurrentWorkflowTaskExecutions: Math.max(2, poolSize),
  maxConcurrentLocalActivityExecutions: poolSize,
  maxConcurrentActivityTaskExecutions: Math.max(MIN_CALLS_OUTSIDE, poolSize),
});

/**
 * Creates the Worker of the relays. On shutdown it cancels its activities at once (grace time 0), which ends the relays
 * after their batch.
 */
function createRelayWorker(connection: NativeConnection, config: Config, activities: object): Promise<Worker> {
  return Worker.create({
    connection,
    namespace: config.temporal.namespace,
    taskQueue: taskQueues.relay,
    activities,
    maxConcurrentActivityTaskExecutions: relayGroups(config.outbox.shardsPerRelay),
    shutdownGraceTime: 0,
    shutdownForceTime: config.shutdownGraceMs + FORCE_AFTER_MS,
  });
}
