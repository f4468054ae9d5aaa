import { type OpenAPIHono, z } from '@hono/zod-openapi';
import { createMiddleware } from 'hono/factory';
import { faultPoints, type Faults } from '../platform/faults';
import { Refusal } from '../platform/refusal';
import { apiRoute, createRouter, jsonBody } from './api-route';
import type { HttpEnv } from './problem';

const fault = z
  .strictObject({
    point: z.enum(faultPoints),
    kind: z.enum(['error', 'refuse', 'crash', 'delay_ms']),
    times: z.int().min(1).max(10_000),
    delay_ms: z.int().min(0).max(60_000).optional(),
    probability: z.number().gt(0).max(1).optional().openapi({
      description: 'The probability that a pass fails. Passes that do not fail count as well. Defaults to 1.',
      example: 0.5,
    }),
  })
  .openapi('Fault');

const operatorOnly = createMiddleware<HttpEnv>(async function operatorOnly(c, next) {
  if (c.var.principal.role !== 'operator') throw new Refusal('forbidden', 'Faults require an operator’s key.');
  await next();
});

/** Creates the routes that arm and disarm fault points. For development and tests only. */
export function createFaultRoutes(faults: Faults): OpenAPIHono<HttpEnv> {
  const routes = createRouter();
  const tags: ['development'] = ['development'];
  const none = { description: 'Done' };

  const arm = apiRoute('/dev/faults', {
    method: 'put',
    tags,
    operationId: 'armFault',
    summary: 'Arm a fault point for its next passes',
    request: { body: jsonBody(fault, { point: 'ledger.credit_balance', kind: 'refuse', times: 1 }) },
    responses: { 204: none },
    refusals: ['forbidden'],
  });
  routes.openapi({ ...arm, middleware: [...arm.middleware, operatorOnly] }, async (c) => {
    const { delay_ms: delayMs = 0, probability = 1, ...armed } = c.req.valid('json');
    await faults.arm({ ...armed, delayMs, probability });
    return c.body(null, 204);
  });

  const disarm = apiRoute('/dev/faults', {
    method: 'delete',
    tags,
    operationId: 'disarmFaults',
    summary: 'Disarm all fault points',
    responses: { 204: none },
    refusals: ['forbidden'],
  });
  routes.openapi({ ...disarm, middleware: [...disarm.middleware, operatorOnly] }, async (c) => {
    await faults.disarmAll();
    return c.body(null, 204);
  });
  return routes;
}
