import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  type WorkflowHandle,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { ApplicationFailure, TypedSearchAttributes } from '@temporalio/common';
import {
  type PaymentSagaResult,
  SAGA_COMPENSATED,
  type SagaFailure,
  type SagaInputs,
  type SagaOptions,
  sagaSteps,
  type SagaType,
  searchAttributes,
  taskQueues,
} from '../../contract';
import type { Logger } from '../../platform/telemetry/logger';
import { reasonOf, type TemporalClient } from '../../platform/temporal/temporal';
import { createBackoff } from '../../platform/backoff';
import { createGate } from '../../platform/gate';
import { wait } from '../../platform/wait';
import { type StartFailure, startFailure } from './start-failure';

/** What the `saga` row knows of it. */
export interface SagaToStart<Type extends SagaType = SagaType> {
  readonly saga_id: string;
  readonly type: Type;
  readonly input: SagaInputs[Type];
}

/** A saga that has begun before, and whose workflow is gone. */
export interface SagaToRerun extends SagaToStart {
  /** Why it compensates; `null` for a saga on its way forward. */
  readonly failure: SagaFailure | null;
}

export type SagaEnd =
  | { readonly state: 'completed'; readonly result: PaymentSagaResult }
  | { readonly state: 'compensated'; readonly failure: SagaFailure }
  | { readonly state: 'pending' };

export interface SagaStarter {
  /**
   * Starts the saga's workflow, once however often it is called: `true` when Temporal has it, also
   * when it ended already. `false` when its turn did not come within `deadlineMs`, or Temporal did not take it within
   * as long again; the row is in the database, and the sweeper starts it. Never throws.
   *
   * @param deadlineMs Defaults to 500.
   */
  start(saga: SagaToStart, deadlineMs?: number): Promise<boolean>;
  /**
   * One {@link SagaStarter.start} for callers that record themselves what came of it: `undefined` when Temporal has the
   * saga's workflow, also when it ended already. Never throws.
   */
  attempt(saga: SagaToStart, deadlineMs: number): Promise<StartFailure | undefined>;
  /**
   * Begins a saga whose workflow is gone again, under the same id: back when it had failed, else forward. Never throws.
   */
  rerun(saga: SagaToRerun, deadlineMs: number): Promise<StartFailure | undefined>;
  /** Waits at most `waitMs` for the end; `pending` also when Temporal does not answer, or 300 wait already. Never throws. */
  result(sagaId: string, waitMs: number): Promise<SagaEnd>;
}

export interface SagaStarterOptions {
  readonly temporal: TemporalClient;
  /** The longest pause between two attempts of a compensation. */
  readonly compensationMaxIntervalMs: number;
  readonly logger: Logger;
  /** Aborted when nobody may wait for an end any longer, because the process ends: what still runs is `pending`. */
  readonly hurry?: AbortSignal;
}

const START_DEADLINE_MS = 500;
/**
 * In a burst, more starts at once only make each one miss its deadline, and Temporal do it twice. Those that do not get
 * their turn are the sweeper's, at the pace of Temporal. Payments have somebody who waits, and do not queue behind orders.
 */
const STARTS_AT_ONCE: Record<SagaType, number> = { payment: 16, order: 4, shipment: 4 };
/** Requests that may wait for a saga's end. Each holds a call to Temporal in memory; further ones get `pending` at once. */
const WAITS_AT_ONCE = 300;
/** A saga that waits for the sweeper is there within seconds. */
const UNSTARTED_POLL = { initialMs: 250, maxMs: 2_000 };
/** After this a workflow task of a killed worker goes to another one. */
const WORKFLOW_TASK_TIMEOUT = '5s';

/** From 1, which goes first, to 5. */
const PRIORITY: Record<SagaType, number> = { payment: 2, order: 3, shipment: 4 };

const workflowTypes: Record<SagaType, string> = {
  payment: 'paymentSaga',
  order: 'orderSaga',
  shipment: 'shipmentSaga',
};

const TURNED_AWAY: StartFailure = { reason: 'other starts came before it', kind: 'passing' };

export function createSagaStarter({
  temporal,
  compensationMaxIntervalMs,
  logger,
  hurry,
}: SagaStarterOptions): SagaStarter {
  const options: SagaOptions = { compensation_max_interval_ms: compensationMaxIntervalMs };
  const { workflow } = temporal.client;
  const { namespace } = temporal.client.options;
  const gates = {
    payment: createGate(STARTS_AT_ONCE.payment),
    order: createGate(STARTS_AT_ONCE.order),
    shipment: createGate(STARTS_AT_ONCE.shipment),
  };

  const begin = (
    { saga_id, type, input }: SagaToStart,
    rerun?: Pick<SagaToRerun, 'failure'>,
  ): Promise<WorkflowHandle> =>
    workflow.start(workflowTypes[type], {
      workflowId: saga_id,
      taskQueue: taskQueues.sagas,
      args: [input, rerun?.failure ? { ...options, failure: rerun.failure } : options],
      workflowIdReusePolicy: rerun ? 'ALLOW_DUPLICATE' : 'REJECT_DUPLICATE',
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
      // In a burst the customers take turns, and a payment that somebody waits for goes before orders.
      priority: { priorityKey: PRIORITY[type], fairnessKey: input.customer_id },
      staticSummary: `${type} saga of order ${input.order_id}`,
      staticDetails: `${input.amount} ${input.currency} (minor units) of customer ${input.customer_id}, payment ${input.payment_id}`,
      typedSearchAttributes: new TypedSearchAttributes([
        { key: searchAttributes.orderId, value: input.order_id },
        { key: searchAttributes.customerId, value: input.customer_id },
        { key: searchAttributes.sagaState, value: 'running' },
        { key: searchAttributes.step, value: sagaSteps[type][0] },
      ]),
    });

  const started = (beginning: Promise<WorkflowHandle>): Promise<StartFailure | undefined> =>
    beginning.then(
      () => undefined,
      (error: unknown) =>
        error instanceof WorkflowExecutionAlreadyStartedError ? undefined : startFailure(error, namespace),
    );
  const attempt: SagaStarter['attempt'] = (saga, deadlineMs) =>
    started(temporal.within(deadlineMs, async () => begin(saga)));

  async function ended(sagaId: string, waitMs: number): Promise<SagaEnd> {
    const until = performance.now() + waitMs;
    const poll = createBackoff(UNSTARTED_POLL);
    for (;;) {
      const leftMs = until - performance.now();
      try {
        const result = await temporal.within(leftMs, () => workflow.getHandle(sagaId).result());
        return { state: 'completed', result: result as PaymentSagaResult };
      } catch (error) {
        const failure = failureOf(error);
        if (failure) return { state: 'compensated', failure };
        logger.debug({ saga_id: sagaId, reason: reasonOf(error) }, 'saga.pending');
        const pauseMs = poll.next();
        if (!(error instanceof WorkflowNotFoundError) || leftMs <= pauseMs) return { state: 'pending' };
        await wait(pauseMs);
      }
    }
  }

  const waits = createGate(WAITS_AT_ONCE, 0);
  const hurried = new Set<() => void>();
  hurry?.addEventListener('abort', () => hurried.forEach((give) => give()));

  return {
    attempt,
    rerun: (saga, deadlineMs) => started(temporal.within(deadlineMs, async () => begin(saga, saga))),

    async start(saga, deadlineMs = START_DEADLINE_MS) {
      const turn = await gates[saga.type].pass(deadlineMs, async () => ({ failure: await attempt(saga, deadlineMs) }));
      if (turn && !turn.failure) return true;
      const { reason, kind, command } = turn?.failure ?? TURNED_AWAY;
      const line = { saga_id: saga.saga_id, reason, ...(command !== undefined && { command }) };
      if (kind !== 'passing') logger.error(line, 'saga.start_refused');
      else logger[turn ? 'warn' : 'debug'](line, 'saga.start_postponed');
      return false;
    },

    async result(sagaId, waitMs) {
      if (hurry?.aborted) return { state: 'pending' };
      return new Promise<SagaEnd>((resolve, reject) => {
        const giveUp = (): void => resolve({ state: 'pending' });
        hurried.add(giveUp);
        void waits
          .pass(0, () => ended(sagaId, waitMs))
          .then((end) => resolve(end ?? { state: 'pending' }), reject)
          .finally(() => hurried.delete(giveUp));
      });
    },
  };
}

function failureOf(error: unknown): SagaFailure | undefined {
  if (!(error instanceof WorkflowFailedError) || !(error.cause instanceof ApplicationFailure)) return undefined;
  const { type, details } = error.cause;
  return type === SAGA_COMPENSATED ? (details?.[0] as SagaFailure) : undefined;
}
