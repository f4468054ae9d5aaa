import { ApplicationFailure, Context } from '@temporalio/activity';
import { msToNumber } from '@temporalio/common/lib/time';
import { type IdempotencyKey, keyForStep, keyForCompensationAlways, keyForCompensation } from '../src/cqrs/idempotency';
import type { IdempotencyKeys } from '../src/cqrs/idempotency-keys';
import type { Mediator } from '../src/cqrs/mediator';
import type { Message, SendOptions } from '../src/cqrs/message';
import type { SagaStepRecord } from '../src/cqrs/write.sql';
import type { ActivityFaultPoint, Faults } from '../src/platform/faults';
import { Refusal } from '../src/platform/refusal';
import { FAULT } from '../src/temporal-contract';

interface Step {
  readonly saga: { readonly saga_id: string; readonly correlation_id: string };
  /** The forward step, also for its compensation. */
  readonly step: string;
  readonly point: ActivityFaultPoint;
}

/** A step whose effect is in the database: one command. */
export interface StepOptions<Result> extends Step {
  readonly message: Message<Result>;
}

/** A step that calls an external service. The intent is recorded before the call, its answer after it. */
export interface ExternalStepOptions<Intent, Answer, Result> extends Step {
  /** Sent once, before the first call, so that the compensation knows whether a call was made. Returns the intent. */
  readonly intend: Message<Intent>;
  /** Calls the service. The call must be idempotent, because it may be repeated. */
  readonly call: (intent: NonNullable<Intent>) => Promise<Answer>;
  /** Makes the command that records the answer. */
  readonly record: (answer: Answer) => Message<Result>;
}

/** Sends the commands of steps and compensations, each under the idempotency key of its step. */
export interface StepSender {
  /**
   * Executes a forward step. Its command takes effect once, however often it is sent.
   *
   * @throws ApplicationFailure non-retryable for a business refusal; every other error is retried
   */
  execute<Result>(options: StepOptions<Result>): Promise<Result>;
  /** {@link execute} for a step that must succeed: every error is retried, including a refusal. */
  executeUntilDone<Result>(options: StepOptions<Result>): Promise<Result>;
  /**
   * Compensates a step that happened, and makes a late attempt of the step fail. Returns `null` for a step that never
   * happened. Every error is retried, until an operator decides.
   */
  compensate<Result>(options: StepOptions<Result>): Promise<Result | null>;
  /** {@link compensate} that also sends its command when the step never happened. */
  compensateAlways<Result>(options: StepOptions<Result>): Promise<Result>;
  /** {@link execute} for an external step: intend, call, record. Each part is safe to repeat. */
  executeExternal<Intent, Answer, Result>(options: ExternalStepOptions<Intent, Answer, Result>): Promise<Result>;
  /**
   * Whether the intent of an external step is recorded. Then no other service may be called.
   *
   * @throws ApplicationFailure non-retryable when the step was undone
   */
  hasIntent(step: Omit<Step, 'point'>): Promise<boolean>;
  /** {@link executeUntilDone} for an external step. */
  executeExternalUntilDone<Intent, Answer, Result>(
    options: ExternalStepOptions<Intent, Answer, Result>,
  ): Promise<Result>;
  /**
   * {@link compensate} for an external step. Without an intent, no call was made and none will be. Otherwise the call
   * undoes whatever the step did, even if its outcome is unknown.
   */
  compensateExternal<Intent, Answer, Result>(
    options: ExternalStepOptions<Intent, Answer, Result>,
  ): Promise<Result | null>;
}

interface ExternalAttempt {
  readonly intending: IdempotencyKey;
  readonly idempotencyKey: IdempotencyKey;
  readonly state: SagaStepRecord['state'];
  readonly deadline: number;
}

/** What the sender needs. */
export interface StepSenderOptions {
  readonly mediator: Pick<Mediator, 'send'>;
  readonly idempotency: Pick<IdempotencyKeys, 'peek'>;
  readonly faults: Pick<Faults, 'pass'>;
}

/** Creates a sender for the activities of sagas. Each command takes effect once and is recorded as a step. */
export function createStepSender({ mediator, idempotency, faults }: StepSenderOptions): StepSender {
  const intentKeyOf = (step: string): string => `ask/${step}`;

  /** @param work gets the time at which the attempt times out */
  async function between<Result>(
    point: ActivityFaultPoint,
    work: (deadline: number) => Promise<Result>,
  ): Promise<Result> {
    const deadline = performance.now() + Context.current().info.startToCloseTimeoutMs;
    try {
      await faults.pass(point);
      const result = await work(deadline);
      await faults.pass(`${point}.done`);
      return result;
    } catch (error) {
      throw error instanceof Refusal || error instanceof ApplicationFailure ? error : retryApart(error);
    }
  }

  function send<Result>(
    { saga }: Step,
    message: Message<Result>,
    options: Pick<SendOptions, 'idempotencyKey' | 'step' | 'deadline' | 'onRepeat'>,
  ): Promise<Result> {
    return mediator.send(message, { ...options, correlationId: saga.correlation_id });
  }

  function forward<Result>(options: StepOptions<Result>, attemptsBefore: number): Promise<Result> {
    const { saga, step, point, message } = options;
    const [idempotencyKey, record] = [keyForStep(saga.saga_id, step), stepRecord(options, 'done', attemptsBefore)];
    return between(point, (deadline) => send(options, message, { idempotencyKey, step: record, deadline }));
  }

  function compensateBy<Result>(keyOf: typeof keyForCompensation, options: StepOptions<Result>): Promise<Result> {
    const { saga, step, point, message } = options;
    const [idempotencyKey, record] = [keyOf(saga.saga_id, step), stepRecord(options, 'undone')];
    return between(point, (deadline) => send(options, message, { idempotencyKey, step: record, deadline }));
  }

  /**
   * Intends, calls and records. A repeat returns the recorded result without a call, because another answer would be
   * lost. Returns `undefined` when there is no intent.
   */
  async function external<Intent, Answer, Result>(
    options: ExternalStepOptions<Intent, Answer, Result>,
    { intending, idempotencyKey, state, deadline }: ExternalAttempt,
  ): Promise<{ readonly result: Result } | undefined> {
    const { intend, call, record } = options;
    let isRepeat = false;
    const onRepeat = (): void => void (isRepeat = true);
    const intent = await send(options, intend, { idempotencyKey: intending, onRepeat, deadline });
    if (intent === null || intent === undefined) return undefined;
    const recorded = isRepeat ? await idempotency.peek(idempotencyKey) : undefined;
    if (recorded) return { result: recorded.response as Result };
    if (performance.now() > deadline) {
      throw new Error('The attempt ended before its call. The next attempt makes the call.');
    }
    const answer = await call(intent);
    return {
      result: await send(options, record(answer), { idempotencyKey, step: stepRecord(options, state), deadline }),
    };
  }

  const executeExternalUntilDone: StepSender['executeExternalUntilDone'] = (options) => {
    const { saga, step, point } = options;
    const [intending, idempotencyKey] = [keyForStep(saga.saga_id, intentKeyOf(step)), keyForStep(saga.saga_id, step)];
    return between(point, async (deadline) => {
      const done = await external(options, { intending, idempotencyKey, state: 'done', deadline });
      if (!done) throw new Error(`Step ${step} has no intent.`);
      return done.result;
    });
  };

  return {
    execute: (options) => forward(options, LOCAL_FIRST).catch(refuse),
    executeUntilDone: (options) => forward(options, 0),
    executeExternalUntilDone,
    executeExternal: (options) => executeExternalUntilDone(options).catch(refuse),
    async hasIntent({ saga, step }) {
      const idempotencyKey = keyForStep(saga.saga_id, intentKeyOf(step));
      return (await idempotency.peek(idempotencyKey).catch(refuse)) !== undefined;
    },

    compensate: (options) => compensateBy(keyForCompensation, options),
    compensateAlways: (options) => compensateBy(keyForCompensationAlways, options),

    compensateExternal(options) {
      const { saga, step, point } = options;
      const [intending, idempotencyKey] = [
        keyForCompensation(saga.saga_id, intentKeyOf(step)),
        keyForCompensationAlways(saga.saga_id, step),
      ];
      return between(point, async (deadline) => {
        const done = await external(options, { intending, idempotencyKey, state: 'undone', deadline });
        return done ? done.result : null;
      });
    },
  };
}

/**
 * Returns the failure with a pause that is up to a fifth longer or shorter than its policy's. Steps that failed together
 * are then not retried together.
 */
function retryApart(error: unknown): unknown {
  const { attempt, retryPolicy } = Context.current().info;
  if (!(error instanceof Error) || !retryPolicy) return error;
  const { initialInterval = 1_000, backoffCoefficient = 2, maximumInterval = Infinity } = retryPolicy;
  const pause = msToNumber(initialInterval) * backoffCoefficient ** (attempt - 1);
  return ApplicationFailure.create({
    message: error.message,
    type: FAULT,
    cause: error,
    nextRetryDelay: Math.round(Math.min(pause, msToNumber(maximumInterval)) * (0.8 + Math.random() * 0.4)),
  });
}

/** The first attempt of a forward step in the database is a local activity. The server counts only later attempts. */
const LOCAL_FIRST = 1;

function stepRecord({ saga, step }: Step, state: SagaStepRecord['state'], attemptsBefore = 0): SagaStepRecord {
  const { attempt, isLocal, scheduledTimestampMs } = Context.current().info;
  return {
    sagaId: saga.saga_id,
    name: step,
    state,
    attempts: isLocal ? attempt : attempt + attemptsBefore,
    startedAt: new Date(scheduledTimestampMs).toISOString(),
  };
}

/**
 * Translates a refusal into a Temporal failure; the only place that does. A refusal because an earlier attempt is still
 * in its transaction is retried.
 */
function refuse(error: unknown): never {
  if (!(error instanceof Refusal)) throw error;
  const nonRetryable = error.code !== 'request_in_progress';
  throw ApplicationFailure.create({
    type: error.code,
    message: error.detail,
    nonRetryable,
    category: 'BENIGN',
  });
}
