import { ApplicationFailure, Context } from '@temporalio/activity';
import { type Once, stepOnce, undoOnce, undoAlwaysOnce } from '../src/inbox/once';
import type { Mediator } from '../src/mediator/mediator';
import type { Message } from '../src/mediator/message';
import type { SagaStepRecord } from '../src/mediator/saga-step';
import type { ActivityFaultPoint, Faults } from '../src/platform/faults/faults';
import { Refusal } from '../src/platform/refusal';
import { findStepAnswer } from '../src/sagas/find-step-answer';

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

export interface StepSenderOptions {
  readonly mediator: Pick<Mediator, 'send'>;
  readonly faults: Pick<Faults, 'pass'>;
}

/** A saga's activity is this: one command through the mediator, once, recorded as a step. */
export function createStepSender({ mediator, faults }: StepSenderOptions): StepSender {
  const askOf = (step: string): string => `ask/${step}`;

  async function between<Result>(point: ActivityFaultPoint, work: () => Promise<Result>): Promise<Result> {
    await faults.pass(point);
    const result = await work();
    await faults.pass(`${point}.done`);
    return result;
  }

  function send<Result>({ saga }: Step, message: Message<Result>, once: Once, step?: SagaStepRecord): Promise<Result> {
    return mediator.send(message, { once, ...(step && { step }), correlationId: saga.correlation_id });
  }

  function forward<Result>(options: StepOptions<Result>, attemptsBefore: number): Promise<Result> {
    const { saga, step, point, message } = options;
    const record = stepRecord(options, 'done', attemptsBefore);
    return between(point, () => send(options, message, stepOnce(saga.saga_id, step), record));
  }

  function undoBy<Result>(onceOf: typeof undoOnce, options: StepOptions<Result>): Promise<Result> {
    const { saga, step, point, message } = options;
    return between(point, () => send(options, message, onceOf(saga.saga_id, step), stepRecord(options, 'undone')));
  }

  /**
   * Asks, calls and records. What was recorded stands: whoever comes again is told it, and calls nobody, because
   * another answer than the recorded one would be lost. `undefined` when there is nobody to ask.
   */
  async function outside<Asked, Answer, Result>(
    options: OutsideStepOptions<Asked, Answer, Result>,
    { asking, once, state }: { readonly asking: Once; readonly once: Once; readonly state: SagaStepRecord['state'] },
  ): Promise<{ readonly result: Result } | undefined> {
    const { ask, call, record, saga } = options;
    let isRepeat = false;
    const onRepeat = (): void => void (isRepeat = true);
    const asked = await mediator.send(ask, { once: asking, onRepeat, correlationId: saga.correlation_id });
    if (asked === null || asked === undefined) return undefined;
    const recorded = isRepeat ? await mediator.send(findStepAnswer({ once })) : null;
    if (recorded) return { result: recorded.answer as Result };
    const answer = await call(asked);
    return { result: await send(options, record(answer), once, stepRecord(options, state)) };
  }

  const mustOutside: StepSender['mustOutside'] = (options) => {
    const { saga, step, point } = options;
    const [asking, once] = [stepOnce(saga.saga_id, askOf(step)), stepOnce(saga.saga_id, step)];
    return between(point, async () => {
      const told = await outside(options, { asking, once, state: 'done' });
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
      return (await mediator.send(findStepAnswer({ once })).catch(refuse)) !== null;
    },

    undo: (options) => undoBy(undoOnce, options),
    undoAlways: (options) => undoBy(undoAlwaysOnce, options),

    undoOutside(options) {
      const { saga, step, point } = options;
      const [asking, once] = [undoOnce(saga.saga_id, askOf(step)), undoAlwaysOnce(saga.saga_id, step)];
      return between(point, async () => {
        const told = await outside(options, { asking, once, state: 'undone' });
        return told ? told.result : null;
      });
    },
  };
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
