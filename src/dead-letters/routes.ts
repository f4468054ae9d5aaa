import { type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { type IdempotencyKeys, respondOnce } from '../cqrs/idempotency-keys';
import type { Mediator } from '../cqrs/mediator';
import { assertRole } from '../cqrs/pipeline';
import {
  apiRoute,
  createRouter,
  idempotencyKey,
  idempotencyKeyOf,
  json,
  jsonBody,
  sendOptions,
} from '../http/api-route';
import { refuseAllBut, requireKey } from '../http/middleware';
import type { HttpEnv } from '../http/problem';
import { opaqueId } from '../platform/schemas';
import { actOnMany, discardMany, discardOutcome, replayMany, replayOutcome } from './act-on-many';
import {
  awaitReplay,
  discardDeadLetter,
  getDeadLetter,
  letterQuery,
  listDeadLetters,
  replayDeadLetter,
  type Send,
} from './act-on-one';
import { deadLetterView, letterAct } from './dead-letter';

const tags: ['operator'] = ['operator'];
const ofLetter = z.object({ id: opaqueId });
const onLetter = {
  params: ofLetter,
  headers: idempotencyKey,
  body: jsonBody(letterAct, { reason: 'The consumer is fixed.' }),
};
const onMany = {
  headers: idempotencyKey,
  body: jsonBody(actOnMany, { filter: { group: 'provisioning' }, reason: 'The consumer is fixed.', dry_run: true }),
};
const ofOne = ['forbidden', 'dead_letter_not_found', 'dead_letter_closed', 'not_first_of_key'] as const;

/** What the routes of dead letters take. */
export interface DeadLetterRouteDeps {
  readonly mediator: Mediator;
  readonly idempotency: IdempotencyKeys;
}

/** Creates the operators' routes of dead letters. Each act is recorded with its actor and reason. */
export function createDeadLetterRoutes({ mediator, idempotency }: DeadLetterRouteDeps): OpenAPIHono<HttpEnv> {
  const routes = createRouter();
  const sendFor =
    (c: Context<HttpEnv>): Send =>
    (message) =>
      mediator.send(message, sendOptions(c));

  /** Answers a repeated `Idempotency-Key` with the first response. */
  async function manyOnce<Outcome>(
    c: Context<HttpEnv>,
    route: string,
    body: unknown,
    act: () => Promise<Outcome>,
  ): Promise<Outcome> {
    const key = idempotencyKeyOf(c, route, body);
    assertRole(c.var.principal, ['operator']);
    return respondOnce(idempotency, key, act);
  }

  routes.openapi(
    apiRoute('/admin/dead-letters', {
      method: 'get',
      tags,
      operationId: 'listDeadLetters',
      summary: 'List dead letters, oldest first. Defaults to open ones',
      request: { query: letterQuery },
      responses: { 200: json(listDeadLetters.result, 'A page of dead letters') },
      refusals: ['forbidden'],
    }),
    async (c) => c.json(await sendFor(c)(listDeadLetters(c.req.valid('query'))), 200),
  );

  routes.openapi(
    apiRoute('/admin/dead-letters/replay', {
      method: 'post',
      tags,
      operationId: 'replayDeadLetters',
      summary: 'Replay the open dead letters that a filter matches, the oldest 1,000 at most',
      request: onMany,
      responses: { 200: json(replayOutcome, 'The counts; a dry run changes nothing') },
      refusals: ['forbidden'],
    }),
    async (c) => {
      const body = c.req.valid('json');
      const act = { ...body, dryRun: body.dry_run };
      const route = 'POST /admin/dead-letters/replay';
      return c.json(await manyOnce(c, route, body, () => replayMany(sendFor(c), act)), 200);
    },
  );

  routes.openapi(
    apiRoute('/admin/dead-letters/discard', {
      method: 'post',
      tags,
      operationId: 'discardDeadLetters',
      summary: 'Discard the open dead letters that a filter matches, the oldest 1,000 at most',
      request: onMany,
      responses: { 200: json(discardOutcome, 'The counts; a dry run changes nothing') },
      refusals: ['forbidden'],
    }),
    async (c) => {
      const body = c.req.valid('json');
      const act = { ...body, dryRun: body.dry_run };
      const route = 'POST /admin/dead-letters/discard';
      return c.json(await manyOnce(c, route, body, () => discardMany(sendFor(c), act)), 200);
    },
  );

  // Otherwise the two would match as ids of letters.
  for (const verb of ['replay', 'discard']) {
    routes.all(`/admin/dead-letters/${verb}`, requireKey, refuseAllBut('POST'));
  }

  routes.openapi(
    apiRoute('/admin/dead-letters/{id}', {
      method: 'get',
      tags,
      operationId: 'getDeadLetter',
      summary: 'Show a dead letter',
      request: { params: ofLetter },
      responses: { 200: json(deadLetterView, 'The letter') },
      refusals: ['forbidden', 'dead_letter_not_found'],
    }),
    async (c) => c.json(deadLetterView.parse(await sendFor(c)(getDeadLetter(c.req.valid('param')))), 200),
  );

  routes.openapi(
    apiRoute('/admin/dead-letters/{id}/replay', {
      method: 'post',
      tags,
      operationId: 'replayDeadLetter',
      summary: 'Replay a dead letter; those behind it follow in the order of their key',
      request: onLetter,
      responses: {
        200: json(
          deadLetterView,
          'The letter: replayed, or as before with the new reason, or retrying when no consumer runs',
        ),
      },
      refusals: ofOne,
    }),
    async (c) => {
      const command = { ...c.req.valid('param'), ...c.req.valid('json') };
      const key = idempotencyKeyOf(c, 'POST /admin/dead-letters/{id}/replay', command);
      const letter = await mediator.send(replayDeadLetter(command), sendOptions(c, key));
      return c.json(await awaitReplay(sendFor(c), letter), 200);
    },
  );

  routes.openapi(
    apiRoute('/admin/dead-letters/{id}/discard', {
      method: 'post',
      tags,
      operationId: 'discardDeadLetter',
      summary: 'Discard a dead letter; its key continues without it',
      request: onLetter,
      responses: { 200: json(deadLetterView, 'The letter, discarded') },
      refusals: ofOne,
    }),
    async (c) => {
      const command = { ...c.req.valid('param'), ...c.req.valid('json') };
      const key = idempotencyKeyOf(c, 'POST /admin/dead-letters/{id}/discard', command);
      return c.json(await mediator.send(discardDeadLetter(command), sendOptions(c, key)), 200);
    },
  );
  return routes;
}
