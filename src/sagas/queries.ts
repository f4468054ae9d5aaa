import { z } from '@hono/zod-openapi';
import { type WorkflowExecutionDescription, WorkflowNotFoundError } from '@temporalio/client';
import { optionalTsToDate } from '@temporalio/common/lib/time';
import { defineQuery, handle } from '../cqrs/message';
import type { Queryable } from '../platform/database/statements';
import type { Logger } from '../platform/logger';
import { instant, pageQuery, sagaId } from '../platform/schemas';
import { reasonOf, type TemporalClient } from '../platform/temporal/temporal';
import { decodeCursor, encodeCursor } from '../platform/values';
import { type SagaRecords, type SagaStatus, searchAttributes } from '../temporal-contract';
import { startFailure } from './start';
import {
  hasEnded,
  type PendingPhase,
  type Progress,
  type ProgressUnknown,
  sagaNotFound,
  sagaResponse,
  sagaState,
  sagaType,
  toSagaResponse,
  withSteps,
  type WorkflowUrl,
} from './view';

/** Reads a saga with its steps. */
export const getSaga = defineQuery({
  name: 'GetSaga',
  input: z.strictObject({ saga_id: sagaId }),
  result: sagaResponse,
  roles: ['service', 'operator'],
});

/** Creates the handler of {@link getSaga}. */
export const createGetSaga = ({ workflowUrl, sagaProgress }: SagaViewSources) =>
  handle(getSaga, async ({ saga_id }, { database }) => {
    const saga = await database.saga.findUnique({ where: { saga_id }, include: withSteps });
    if (!saga) throw sagaNotFound(saga_id);
    const progress = hasEnded(saga) ? undefined : await sagaProgress.of(saga_id);
    return toSagaResponse(saga, workflowUrl, progress);
  });

/** The query of the route. */
export const sagaFilter = z.strictObject({ state: sagaState.optional(), type: sagaType.optional(), ...pageQuery });

/** Lists sagas, newest first. */
export const listSagas = defineQuery({
  name: 'ListSagas',
  input: sagaFilter,
  result: z.object({ data: z.array(sagaResponse), next_cursor: z.string().nullable() }),
  roles: ['service', 'operator'],
});

/** Creates the handler of {@link listSagas}. */
export const createListSagas = ({ workflowUrl, sagaProgress }: SagaViewSources) =>
  handle(listSagas, async ({ state, type, limit, cursor }, { database }) => {
    const sagas = await database.saga.findMany({
      where: {
        ...(state !== undefined && inState(state)),
        ...(type !== undefined && { type }),
        ...(cursor !== undefined && after(cursor)),
      },
      include: withSteps,
      orderBy: [{ created_at: 'desc' }, { saga_id: 'desc' }],
      take: limit + 1,
    });
    const page = sagas.slice(0, limit);
    const last = sagas.length > limit ? page.at(-1) : undefined;
    const running = page.filter((saga) => !hasEnded(saga)).map(({ saga_id }) => saga_id);
    const progress = await sagaProgress.ofAll(running);
    const data = page.map((saga) => toSagaResponse(saga, workflowUrl, progress.get(saga.saga_id)));
    return {
      // Temporal may be ahead of a row. Leave out a saga whose shown state is not the wanted one.
      data: state === undefined ? data : data.filter((saga) => saga.state === state),
      next_cursor: last ? encodeCursor([last.created_at.toISOString(), last.saga_id]) : null,
    };
  });

const inState = (state: z.infer<typeof sagaState>) => {
  if (state === 'pending') return { state: 'running', started_at: null };
  return state === 'running' ? { state, started_at: { not: null } } : { state };
};

const position = z.tuple([instant, sagaId]);

function after(cursor: string) {
  const [created_at, saga_id] = decodeCursor(cursor, position);
  // The first condition alone can use the index.
  return {
    created_at: { lte: created_at },
    OR: [{ created_at: { lt: created_at } }, { created_at, saga_id: { lt: saga_id } }],
  };
}

/**
 * Reads the progress of running sagas from Temporal. A troubled saga's workflow is queried, which costs its worker a task.
 * Never throws. A saga without a workflow is missing from the result.
 */
export interface SagaProgress {
  /** Reads one saga. */
  of(sagaId: string): Promise<Progress | ProgressUnknown | undefined>;
  /** Reads several sagas concurrently. @returns the progress by saga id */
  ofAll(sagaIds: readonly string[]): Promise<ReadonlyMap<string, Progress | ProgressUnknown>>;
}

/** Where a saga's view comes from besides its rows. */
export interface SagaViewSources {
  readonly workflowUrl: WorkflowUrl;
  readonly sagaProgress: SagaProgress;
}

/** For processes that show no saga. */
export const noProgress: SagaProgress = { of: async () => undefined, ofAll: async () => new Map() };

/** What the progress is read with. */
export interface SagaProgressOptions {
  readonly temporal: TemporalClient;
  readonly logger: Logger;
  /** Sagas without an answer after this time are left out. Defaults to 500 ms. */
  readonly deadlineMs?: number;
}

/** Creates a {@link SagaProgress}. */
export function createSagaProgress({ temporal, logger, deadlineMs = 500 }: SagaProgressOptions): SagaProgress {
  const { namespace } = temporal.client.options;
  const handleOf = (sagaId: string) => temporal.client.workflow.getHandle(sagaId);
  const unknown = (sagaId: string) => (error: unknown) => {
    logger.debug({ saga_id: sagaId, reason: reasonOf(error) }, 'saga.progress_unknown');
    if (error instanceof WorkflowNotFoundError) return undefined;
    const { kind, reason } = startFailure(error, namespace);
    return { unknown: kind === 'transient' ? 'Temporal does not answer' : reason };
  };

  async function progressOf(sagaId: string): Promise<Progress> {
    const handle = handleOf(sagaId);
    const description = await handle.describe();
    const pending = pendingPhases(description);
    const state = description.typedSearchAttributes.get(searchAttributes.sagaState);
    if (pending.length === 0 && state === 'running') return { pending };
    const status = await handle.query<SagaStatus>('status').catch(unknown(sagaId));
    return status && 'steps' in status ? { status, pending } : { pending };
  }

  async function ofAll(sagaIds: readonly string[]): Promise<ReadonlyMap<string, Progress | ProgressUnknown>> {
    const answers = await temporal.within(deadlineMs, () =>
      Promise.all(sagaIds.map((sagaId) => progressOf(sagaId).catch(unknown(sagaId)))),
    );
    return new Map(answers.flatMap((progress, index) => (progress ? [[sagaIds[index] ?? '', progress] as const] : [])));
  }

  return { ofAll, of: async (sagaId) => (await ofAll([sagaId])).get(sagaId) };
}

const recording: ReadonlySet<unknown> = new Set<keyof SagaRecords>(['recordSagaOutcome', 'recordStepDecision']);
/** The `PendingActivityState` of an attempt that no worker has. */
const SCHEDULED = 1;

/** Parses the activity ids: `<step>`, or `<phase>/<step>`. */
function pendingPhases({ raw }: WorkflowExecutionDescription): PendingPhase[] {
  const activities = raw.pendingActivities?.filter(({ activityType }) => !recording.has(activityType?.name)) ?? [];
  return activities.map(({ activityId, state, attempt, lastFailure, scheduledTime }) => {
    const [name = '', phase] = activityId?.split('/').reverse() ?? [];
    const waits = state === SCHEDULED;
    return {
      name,
      state: phase === 'compensate' ? 'undoing' : 'running',
      attempts: (attempt ?? 1) - (waits ? 1 : 0),
      error: lastFailure?.message ?? null,
      retryAt: waits ? (optionalTsToDate(scheduledTime) ?? null) : null,
    };
  });
}

/** The number of open sagas by problem. */
export interface OpenSagas {
  /** Sagas that need an operator. */
  readonly stuck: number;
  /** Started sagas whose workflow is lost. */
  readonly lost: number;
  /** Sagas whose workflow has not started after 10 s, or was refused by Temporal. */
  readonly unstarted: number;
  /** Why Temporal refuses one of these; `null` if no reason is known. */
  readonly unstarted_reason: string | null;
  /** Started sagas of which no step has ended for a minute. */
  readonly standing: number;
}

/** In a burst a start may take this long. */
const UNSTARTED_AFTER = `interval '10 seconds'`;
const STANDING_AFTER = `interval '60 seconds'`;
/** Only the oldest are counted, to bound the query. */
const AMONG = 10_000;

/** Counts the open sagas, by an index that contains only these. */
export async function countOpenSagas(database: Queryable): Promise<OpenSagas> {
  const [row] = await database.$queryRawUnsafe<OpenSagas[]>(
    `SELECT count(*) FILTER (WHERE state = 'stuck')::int AS stuck,
       count(lost_at)::int AS lost,
       count(*) FILTER (WHERE unstarted)::int AS unstarted,
       max(start_error) FILTER (WHERE unstarted) AS unstarted_reason,
       count(*) FILTER (WHERE started_at < now() - ${STANDING_AFTER} AND state <> 'stuck' AND NOT EXISTS (
         SELECT FROM saga_step step
         WHERE step.saga_id = open.saga_id AND step.ended_at > now() - ${STANDING_AFTER}))::int AS standing
     FROM (
       SELECT saga_id, state, started_at, start_error, lost_at,
         started_at IS NULL AND state = 'running' AND (created_at < now() - ${UNSTARTED_AFTER} OR start_error IS NOT NULL) AS unstarted
       FROM saga WHERE state NOT IN ('completed', 'compensated') ORDER BY created_at LIMIT ${AMONG}) AS open`,
  );
  return row ?? { stuck: 0, lost: 0, unstarted: 0, unstarted_reason: null, standing: 0 };
}
