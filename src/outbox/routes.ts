import { type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Mediator } from '../cqrs/mediator';
import {
  apiRoute,
  createRouter,
  idempotencyKey,
  json,
  jsonBody,
  located,
  idempotencyKeyOf,
  sendOptions,
} from '../http/api-route';
import type { HttpEnv } from '../http/problem';
import { opaqueId } from '../platform/schemas';
import { discardOutboxRow, listOutboxRows, outboxAct, outboxFilter, outboxRowView, requeueOutboxRow } from './admin';
import { getReplay, previewReplay, REPLAY_NOTE, replayStarted, startReplay } from './replay';
import { replayRequest, replayScope } from './replay-range';

const tags: ['operator'] = ['operator'];
const onRow = {
  params: z.object({ id: opaqueId }),
  headers: idempotencyKey,
  body: jsonBody(outboxAct, { reason: 'The topic takes larger messages now.' }),
};

const previewed = replayScope.extend({ replay_id: z.null(), note: z.string() }).openapi('ReplayPreview');

/** Creates the operators' routes of the outbox. Each act is recorded with its actor and reason. */
export function createOutboxRoutes({ mediator }: { mediator: Mediator }): OpenAPIHono<HttpEnv> {
  const routes = createRouter();

  routes.openapi(
    apiRoute('/admin/outbox', {
      method: 'get',
      tags,
      operationId: 'listOutboxRows',
      summary: 'List outbox rows, oldest first. Defaults to dead letters',
      request: { query: outboxFilter },
      responses: { 200: json(listOutboxRows.result, 'A page of rows') },
      refusals: ['forbidden'],
    }),
    async (c) => c.json(await mediator.send(listOutboxRows(c.req.valid('query')), sendOptions(c)), 200),
  );

  routes.openapi(
    apiRoute('/admin/outbox/{id}/requeue', {
      method: 'post',
      tags,
      operationId: 'requeueOutboxRow',
      summary: 'Requeue a dead letter of the outbox in its old place',
      request: onRow,
      responses: { 200: json(outboxRowView, 'The row, pending again') },
      refusals: ['forbidden', 'outbox_row_not_found', 'outbox_row_not_parked'],
    }),
    async (c) => {
      const command = { ...c.req.valid('param'), ...c.req.valid('json') };
      const key = idempotencyKeyOf(c, 'POST /admin/outbox/{id}/requeue', command);
      return c.json(await mediator.send(requeueOutboxRow(command), sendOptions(c, key)), 200);
    },
  );

  routes.openapi(
    apiRoute('/admin/outbox/{id}/discard', {
      method: 'post',
      tags,
      operationId: 'discardOutboxRow',
      summary: 'Discard a dead letter of the outbox, so that the later rows of its aggregate continue',
      request: onRow,
      responses: { 200: json(outboxRowView, 'The row as it was') },
      refusals: ['forbidden', 'outbox_row_not_found', 'outbox_row_not_parked'],
    }),
    async (c) => {
      const command = { ...c.req.valid('param'), ...c.req.valid('json') };
      const key = idempotencyKeyOf(c, 'POST /admin/outbox/{id}/discard', command);
      return c.json(await mediator.send(discardOutboxRow(command), sendOptions(c, key)), 200);
    },
  );

  routes.openapi(
    apiRoute('/admin/outbox/replay', {
      method: 'post',
      tags,
      operationId: 'startReplay',
      summary: 'Publish a range of the event log again, marked as replay',
      request: {
        headers: idempotencyKey,
        body: jsonBody(replayRequest, { types: ['order.paid'], reason: 'A new projection.', dry_run: true }),
      },
      responses: {
        200: json(previewed, 'The scope, in a dry run'),
        202: located(replayStarted, 'The replay was ordered. Location names its status'),
      },
      refusals: ['forbidden', 'nothing_to_replay', 'replay_window_passed', 'unknown_event_type'],
    }),
    async (c) => {
      const { dry_run, reason, ...range } = c.req.valid('json');
      if (dry_run) {
        const scope = await mediator.send(previewReplay(range), sendOptions(c));
        return c.json({ replay_id: null, ...scope, note: REPLAY_NOTE }, 200);
      }
      const command = { reason, ...range };
      const key = idempotencyKeyOf(c, 'POST /admin/outbox/replay', command);
      const started = await mediator.send(startReplay(command), sendOptions(c, key));
      return c.json(started, 202, { Location: `/admin/outbox/replays/${started.replay_id}` });
    },
  );

  routes.openapi(
    apiRoute('/admin/outbox/replays/{replay_id}', {
      method: 'get',
      tags,
      operationId: 'getReplay',
      summary: 'How far a replay has come',
      request: { params: z.object({ replay_id: opaqueId }) },
      responses: { 200: json(getReplay.result, 'The replay') },
      refusals: ['forbidden', 'replay_not_found'],
    }),
    async (c) => c.json(await mediator.send(getReplay(c.req.valid('param')), sendOptions(c)), 200),
  );
  return routes;
}
