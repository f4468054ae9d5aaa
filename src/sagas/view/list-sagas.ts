import { z } from '@hono/zod-openapi';
import { handle } from '../../mediator/handler';
import { defineQuery } from '../../mediator/message';
import { decodeCursor, encodeCursor } from '../../platform/cursor';
import { instant, pageQuery, sagaId } from '../../platform/schemas';
import type { SagaViewSources } from './saga-progress';
import { hasEnded, sagaState, sagaType, sagaResponse, toSagaResponse, withSteps } from './saga-view';

/** The query of the route. */
export const sagaFilter = z.strictObject({ state: sagaState.optional(), type: sagaType.optional(), ...pageQuery });

/** Lists sagas, newest first. */
export const listSagas = defineQuery({
  name: 'ListSagas',
  input: sagaFilter,
  result: z.object({ data: z.array(sagaResponse), next_cursor: z.string().nullable() }),
  roles: ['service', 'operator'],
});

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
