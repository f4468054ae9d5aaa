import { ApplicationFailure, Context } from '@temporalio/activity';
import { msToNumber } from '@temporalio/common/lib/time';
import { FAULT } from '../src/contract';
import type { IdempotencyKeys } from '../src/inbox/idempotency-keys';
import { type Once, stepOnce, undoOnce, undoAlwaysOnce } from '../src/inbox/once';
import type { SendOptions } from '../src/mediator/behaviour';
import type { Mediator } from '../src/mediator/mediator';
import type { Message } from '../src/mediator/message';
import type { SagaStepRecord } from '../src/mediator/saga-step';
import type { ActivityFaultPoint, Faults } from '../src/platform/faults/faults';
import { Refusal } from '../src/platform/refusal';

interface Step {
  readonly saga: { readonly saga_id: string; readonly correlation_id: string };
  /** The forward step, also for its compensation. */
  readonly step: string;
  readonly point: ActivityFaultPoint;
}

export interface StepOptions<Result> extends Step {
  readonly message: Message<Result>;
}

/** A step whose effect is outside the database: what is asked is written down before, what came of it after. */
export interface OutsideStepOptions<Asked, Answer, Result> extends Step {
  /** Sent once, before the first call: whoever takes the step back finds out whether anybody was asked. */
  readonly ask: Message<Asked>;
  /** The call itself: idempotent at the other side, because it may be made again. */
  readonly call: (asked: NonNullable<Asked>) => Promise<Answer>;
  readonly record: (answer: Answer) => Message<Result>;
}

export interface StepSender {
  /**
   * Sends a forward step's command: it happens once, however often it is tried.
   *
   * @throws ApplicationFailure non-retryable for a business refusal; any other error is retried
   */
  run<Result>(options: StepOptions<Result>): Promise<Result>;
  /** The same for a step that must succeed: it cannot be refused, so every error is retried. */
  must<Result>(options: StepOptions<Result>): Promise<Result>;
  /**
   * Sends a compensation's command, or, when the step never happened, only bars its late attempts.
   * A compensation cannot be refused: every error is retried, and then an operator's.
   */
  undo<Result>(options: StepOptions<Result>): Promise<Result | null>;
  /** {@link undo}, whose command is sent also when the step never happened. */
  undoAlways<Result>(options: StepOptions<Result>): Promise<Result>;
  /** {@link run} with a call to the outside: ask, call, record, each repeatable. */
  runOutside<Asked, Answer, Result>(options: OutsideStepOptions<Asked, Answer, Result>): Promise<Result>;
  /**
   * Whether the `ask` of a step outside was sent: then nobody else may be asked.
   *
   * @throws ApplicationFailure non-retryable when the step was undone
   */
  wasAsked(step: Omit<Step, 'point'>): Promise<boolean>;
  /** {@link must} with a call to the outside. */
  mustOutside<Asked, Answer, Result>(options: OutsideStepOptions<Asked, Answer, Result>): Promise<Result>;
  /**
   * {@link undo} with a call to the outside. `ask` answers `null` when nobody was asked: then nobody is, now or
   * later. Otherwise the call takes back whatever was done, also when nobody knows what that was.
   */
  undoOutside<Asked, Answer, Result>(options: OutsideStepOptions<Asked, Answer, Result>): Promise<Result | null>;
}

interface OutsideAttempt {
  readonly asking: Once;
  readonly once: Once;
  readonly state: SagaStepRecord['state'];
  readonly deadline: number;
}

export interface StepSenderOptions {
  readonly mediator: Pick<Mediator, 'send'>;
  readonly idempotency: Pick<IdempotencyKeys, 'peek'>;
  readonly faults: Pick<Faults, 'pass'>;
}

/** A saga's activity is this: one command through the mediator, once, recorded as a step. */
export function createStepSender({ mediator, idempotency, faults }: StepSenderOptions): StepSender {
  const askOf = (step: string): string => `ask/${step}`;

  /** @param work gets the time when Temporal gives the attempt up and begins another one */
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
    options: Pick<SendOptions, 'once' | 'step' | 'deadline' | 'onRepeat'>,
  ): Promise<Result> {
    return mediator.send(message, { ...options, correlationId: saga.correlation_id });
  }

  function forward<Result>(options: StepOptions<Result>, attemptsBefore: number): Promise<Result> {
    const { saga, step, point, message } = options;
    const [once, record] = [stepOnce(saga.saga_id, step), stepRecord(options, 'done', attemptsBefore)];
    return between(point, (deadline) => send(options, message, { once, step: record, deadline }));
  }

  function undoBy<Result>(onceOf: typeof undoOnce, options: StepOptions<Result>): Promise<Result> {
    const { saga, step, point, message } = options;
    const [once, record] = [onceOf(saga.saga_id, step), stepRecord(options, 'undone')];
    return between(point, (deadline) => send(options, message, { once, step: record, deadline }));
  }

  /**
   * Asks, calls and records. What was recorded stands: whoever comes again is told it, and calls nobody, because
   * another answer than the recorded one would be lost. `undefined` when there is nobody to ask.
   */
  async function outside<Asked, Answer, Result>(
    options: OutsideStepOptions<Asked, Answer, Result>,
    { asking, once, state, deadline }: OutsideAttempt,
  ): Promise<{ readonly result: Result } | undefined> {
    const { ask, call, record } = options;
    let isRepeat = false;
    const onRepeat = (): void => void (isRepeat = true);
    const asked = await send(options, ask, { once: asking, onRepeat, deadline });
    if (asked === null || asked === undefined) return undefined;
    const recorded = isRepeat ? await idempotency.peek(once) : undefined;
    if (recorded) return { result: recorded.response as Result };
    if (performance.now() > deadline) throw new Error('The attempt ended before its call: the next one makes it.');
    const answer = await call(asked);
    return { result: await send(options, record(answer), { once, step: stepRecord(options, state), deadline }) };
  }

  const mustOutside: StepSender['mustOutside'] = (options) => {
    const { saga, step, point } = options;
    const [asking, once] = [stepOnce(saga.saga_id, askOf(step)), stepOnce(saga.saga_id, step)];
    return between(point, async (deadline) => {
      const told = await outside(options, { asking, once, state: 'done', deadline });
      if (!told) throw new Error(`Step ${step} has nobody to ask.`);
      return told.result;
    });
  };

  return {
    run: (options) => forward(options, LOCAL_FIRST).catch(refuse),
    must: (options) => forward(options, 0),
    mustOutside,
    runOutside: (options) => mustOutside(options).catch(refuse),
    async wasAsked({ saga, step }) {
      const once = stepOnce(saga.saga_id, askOf(step));
      return (await idempotency.peek(once).catch(refuse)) !== undefined;
    },

    undo: (options) => undoBy(undoOnce, options),
    undoAlways: (options) => undoBy(undoAlwaysOnce, options),

    undoOutside(options) {
      const { saga, step, point } = options;
      const [asking, once] = [undoOnce(saga.saga_id, askOf(step)), undoAlwaysOnce(saga.saga_id, step)];
      return between(point, async (deadline) => {
        const told = await outside(options, { asking, once, state: 'undone', deadline });
        return told ? told.result : null;
      });
    },
  };
}

/**
 * The same failure with a fifth more or less of its policy's pause before the next attempt: steps that failed together
 * do not come back together.
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

/** The first attempt of a forward step inside the database is a local one; the server counts those that follow. */
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
 * The one place where a refusal becomes a Temporal failure. An earlier attempt that is still in its
 * transaction is no answer yet: that one is tried again.
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
