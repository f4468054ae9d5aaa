import { type OpenAPIHono, z } from '@hono/zod-openapi';
import { apiRoute, idempotencyKey, json, jsonBody, onceOf, problems, sendOptions } from '../../http/api-route';
import type { HttpEnv } from '../../http/http-env';
import { createRouter } from '../../http/router';
import type { Mediator } from '../../mediator/mediator';
import { opaqueId } from '../../platform/schemas';
import { getReplay } from '../replay/get-replay';
import { previewReplay } from '../replay/preview-replay';
import { replayRequest } from '../replay/replay-range';
import { replayStarted, startReplay } from '../replay/start-replay';
import { discardOutboxRow } from './discard-outbox-row';
import { listOutboxRows, outboxFilter } from './list-outbox-rows';
import { outboxAct, outboxRowView } from './outbox-row';
import { requeueOutboxRow } from './requeue-outbox-row';

const tags = ['operator'];
const onRow = { params: z.object({ id: opaqueId }), headers: idempotencyKey, body: jsonBody(outboxAct) };
const refused = problems(400, 401, 403, 404, 409, 413, 415, 422, 503);

const previewed = replayStarted.extend({ replay_id: z.null(), note: z.string() }).openapi('ReplayPreview');
const NOTE = 'Nothing was done. A consumer with an inbox ignores the events that it has applied already.';

/** What an operator does to the outbox, recorded with actor and reason. */
export function createOutboxRoutes({ mediator }: { mediator: Mediator }): OpenAPIHono<HttpEnv> {
  const routes = createRouter();

  routes.openapi(
    apiRoute('/admin/outbox', {
      method: 'get',
      tags,
      summary: 'List outbox rows, parked ones unless told, oldest first',
      request: { query: outboxFilter },
      responses: { 200: json(listOutboxRows.result, 'A page of rows'), ...problems(401, 403, 422, 503) },
    }),
    async (c) => c.json(await mediator.send(listOutboxRows(c.req.valid('query')), sendOptions(c)), 200),
  );

  routes.openapi(
    apiRoute('/admin/outbox/{id}/requeue', {
      method: 'post',
      tags,
      summary: 'Let the relay try a parked row again, in its place',
      request: onRow,
      responses: { 200: json(outboxRowView, 'The row, pending again'), ...refused },
    }),
    async (c) => {
      const command = { ...c.req.valid('param'), ...c.req.valid('json') };
      const once = onceOf(c, 'POST /admin/outbox/{id}/requeue', command);
      return c.json(await mediator.send(requeueOutboxRow(command), sendOptions(c, once)), 200);
    },
  );

  routes.openapi(
    apiRoute('/admin/outbox/{id}/discard', {
      method: 'post',
      tags,
      summary: 'Give up publishing a parked row: its aggregate’s later rows go on',
      request: onRow,
      responses: { 200: json(outboxRowView, 'The row as it was'), ...refused },
    }),
    async (c) => {
      const command = { ...c.req.valid('param'), ...c.req.valid('json') };
      const once = onceOf(c, 'POST /admin/outbox/{id}/discard', command);
      return c.json(await mediator.send(discardOutboxRow(command), sendOptions(c, once)), 200);
    },
  );

  routes.openapi(
    apiRoute('/admin/outbox/replay', {
      method: 'post',
      tags,
      summary: 'Publish a range of the event log again, marked as replay',
      request: { headers: idempotencyKey, body: jsonBody(replayRequest) },
      responses: {
        200: json(previewed, 'A dry run: what it would touch'),
        202: json(replayStarted, 'Ordered; see Location for how far it is'),
        ...refused,
      },
    }),
    async (c) => {
      const { dry_run, reason, ...range } = c.req.valid('json');
      if (dry_run) {
        const scope = await mediator.send(previewReplay(range), sendOptions(c));
        return c.json({ replay_id: null, ...scope, note: NOTE }, 200);
      }
      const command = { reason, ...range };
      const once = onceOf(c, 'POST /admin/outbox/replay', command);
      const started = await mediator.send(startReplay(command), sendOptions(c, once));
      return c.json(started, 202, { Location: `/admin/outbox/replays/${started.replay_id}` });
    },
  );

  routes.openapi(
    apiRoute('/admin/outbox/replays/{replay_id}', {
      method: 'get',
      tags,
      summary: 'How far a replay has come',
      request: { params: z.object({ replay_id: opaqueId }) },
      responses: { 200: json(getReplay.result, 'The replay'), ...problems(401, 403, 404, 422, 503) },
    }),
    async (c) => c.json(await mediator.send(getReplay(c.req.valid('param')), sendOptions(c)), 200),
  );
  return routes;
}
