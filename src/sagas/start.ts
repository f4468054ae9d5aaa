import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  type WorkflowHandle,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { ApplicationFailure, TypedSearchAttributes } from '@temporalio/common';
import type { Logger } from '../platform/logger';
import { createGate } from '../platform/shared-work';
import { grpcCode, grpcCodes, lacking } from '../platform/temporal/namespace';
import { reasonOf, type TemporalClient } from '../platform/temporal/temporal';
import { createBackoff, wait } from '../platform/timing';
import { SetupMissing } from '../platform/watch-setup';
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
} from '../temporal-contract';

/** Why Temporal did not take a saga. */
export interface StartFailure {
  readonly reason: string;
  /**
   * - `setup`: something is missing or forbidden. No saga can start until an operator corrects it.
   * - `refused`: Temporal refuses this saga. Retrying does not help.
   * - `passing`: Temporal was away or busy.
   */
  readonly kind: 'setup' | 'refused' | 'transient';
  /** The command that corrects it. */
  readonly command?: string;
}

/** Classifies a failed start. */
export function startFailure(error: unknown, namespace: string): StartFailure {
  const missing = lacking(error, namespace);
  if (missing instanceof SetupMissing) {
    const { message: reason, command } = missing;
    return { reason, kind: 'setup', ...(command !== undefined && { command }) };
  }
  const code = grpcCode(error);
  // An error without a code is not from the server: the client could not send the request.
  const isRefused = code === undefined || code === grpcCodes.INVALID_ARGUMENT;
  return { reason: reasonOf(error), kind: isRefused ? 'refused' : 'transient' };
}

/** A saga as its row has it. */
export interface SagaToStart<Type extends SagaType = SagaType> {
  readonly saga_id: string;
  readonly type: Type;
  readonly input: SagaInputs[Type];
}

/** A started saga whose workflow is lost. */
export interface SagaToRerun extends SagaToStart {
  /** Why it compensates; `null` for a saga that goes forward. */
  readonly failure: SagaFailure | null;
}

/** How a saga ended; `pending` for a saga that still runs. */
export type SagaEnd =
  | { readonly state: 'completed'; readonly result: PaymentSagaResult }
  | { readonly state: 'compensated'; readonly failure: SagaFailure }
  | { readonly state: 'pending' };

/** Starts the workflows of sagas. */
export interface SagaStarter {
  /**
   * Starts the saga's workflow; safe to repeat. Returns `true` when Temporal has the workflow, even if it has ended.
   * Returns `false` when the start did not get its turn within `deadlineMs`, or Temporal did not accept it within the same
   * time again. The sweeper then starts it. Never throws.
   *
   * @param deadlineMs Defaults to 500.
   */
  start(saga: SagaToStart, deadlineMs?: number): Promise<boolean>;
  /**
   * Starts the workflow without waiting for a turn. Returns `undefined` when Temporal has the workflow, even if it has
   * ended, and otherwise the failure. Never throws.
   */
  attempt(saga: SagaToStart, deadlineMs: number): Promise<StartFailure | undefined>;
  /**
   * Starts the workflow of a lost saga again, under the same id. A failed saga compensates; any other goes forward.
   * Never throws.
   */
  rerun(saga: SagaToRerun, deadlineMs: number): Promise<StartFailure | undefined>;
  /** Waits at most `waitMs` for the saga's end. Returns `pending` without an answer or with 300 other waits. Never throws. */
  result(sagaId: string, waitMs: number): Promise<SagaEnd>;
}

/** What a starter needs. */
export interface SagaStarterOptions {
  readonly temporal: TemporalClient;
  /** The longest pause between two attempts of a compensation. */
  readonly compensationMaxIntervalMs: number;
  readonly logger: Logger;
  /** Aborted when the process shuts down. All waits then return `pending`. */
  readonly hurry?: AbortSignal;
}

const START_DEADLINE_MS = 500;
/**
 * In a burst, more concurrent starts would all miss their deadlines. The sweeper starts the sagas that do not get a turn.
 * Payments have their own turns, because their clients wait.
 */
const STARTS_AT_ONCE: Record<SagaType, number> = { payment: 16, order: 4, shipment: 4 };
/** The number of requests that may wait for a saga's end. Each keeps a call to Temporal in memory. */
const WAITS_AT_ONCE = 300;
/** How often a saga that the sweeper starts is looked up. */
const UNSTARTED_POLL = { initialMs: 250, maxMs: 2_000 };
/** After this time another worker gets the workflow task of a killed worker. */
const WORKFLOW_TASK_TIMEOUT = '5s';

/** Temporal's priorities, from 1 (first) to 5. */
const PRIORITY: Record<SagaType, number> = { payment: 2, order: 3, shipment: 4 };

const workflowTypes: Record<SagaType, string> = {
  payment: 'paymentSaga',
  order: 'orderSaga',
  shipment: 'shipmentSaga',
};

const TURNED_AWAY: StartFailure = { reason: 'other starts came first', kind: 'transient' };

/** Creates a starter. */
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
      // In a burst the customers take turns, and payments go before orders.
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
      if (kind !== 'transient') logger.error(line, 'saga.start_refused');
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
