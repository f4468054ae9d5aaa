import { type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Mediator } from '../cqrs/mediator';
import { defineQuery, handle } from '../cqrs/message';
import { apiRoute, createRouter, json, sendOptions } from '../http/api-route';
import type { HttpEnv } from '../http/problem';
import { instant, pageQuery, text, timestamp } from '../platform/schemas';
import { decodeCursor, encodeCursor } from '../platform/values';
import { discrepancyKinds } from './reconcile';
import { findDiscrepancies, readCheckedAt } from './reconciliation.sql';

const kind = z.enum(Object.keys(discrepancyKinds) as [keyof typeof discrepancyKinds]);

/** The query of the route. */
export const discrepancyFilter = z.strictObject({ kind: kind.optional(), ...pageQuery });

const discrepancyResponse = z
  .object({
    kind,
    subject: z
      .string()
      .openapi({ description: 'The id of the payment, order, customer, ledger transaction, charge or provider.' }),
    detail: z.string(),
    expected: z.string().nullable().openapi({ description: '`null` for nothing.', example: '9900 EUR' }),
    actual: z.string().nullable(),
    first_seen_at: timestamp,
  })
  .openapi('Discrepancy');

/** The discrepancies of the last run, oldest first. */
export const listDiscrepancies = defineQuery({
  name: 'ListDiscrepancies',
  input: discrepancyFilter,
  result: z.object({
    checked_at: timestamp
      .nullable()
      .openapi({ description: 'The start of the last finished run; `null` before the first.' }),
    data: z.array(discrepancyResponse),
    next_cursor: z.string().nullable(),
  }),
  roles: ['operator'],
});

const START = ['-infinity', '', ''];
const position = z.tuple([instant, kind, text(500)]);

/** Handles {@link listDiscrepancies}. */
export const listDiscrepanciesHandler = handle(
  listDiscrepancies,
  async ({ kind = null, limit, cursor }, { database }) => {
    const after = cursor === undefined ? START : decodeCursor(cursor, position);
    const [checked_at, found] = await Promise.all([
      readCheckedAt(database),
      findDiscrepancies(database, kind, after, limit + 1),
    ]);
    const data = found.slice(0, limit);
    const last = found.length > limit ? data.at(-1) : undefined;
    const next_cursor = last ? encodeCursor([last.first_seen_at, last.kind, last.subject]) : null;
    return { checked_at, data, next_cursor };
  },
);

/** Creates the route that lists discrepancies. */
export function createReconciliationRoutes({ mediator }: { mediator: Mediator }): OpenAPIHono<HttpEnv> {
  const routes = createRouter();
  routes.openapi(
    apiRoute('/admin/reconciliation', {
      method: 'get',
      tags: ['operator'],
      operationId: 'listDiscrepancies',
      summary: 'List discrepancies between providers, payments, ledger and orders',
      request: { query: discrepancyFilter },
      responses: { 200: json(listDiscrepancies.result, 'A page of discrepancies') },
      refusals: ['forbidden'],
    }),
    async (c) => c.json(await mediator.send(listDiscrepancies(c.req.valid('query')), sendOptions(c)), 200),
  );
  return routes;
}
