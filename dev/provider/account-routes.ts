import { setTimeout as delay } from 'node:timers/promises';
import { Hono } from 'hono';
import { z } from 'zod';
import type { ChargeRequest } from '../../src/payments/provider/payment-provider';
import type { Account } from './account';
import { behaviourChange, createBehaviourSwitch, hang } from './behaviour';
import { readBody } from './read-body';
import { Refused } from './refused';

const chargeRequest: z.ZodType<ChargeRequest> = z.object({
  key: z.string().min(1),
  payment_id: z.string(),
  order_id: z.string(),
  customer_id: z.string(),
  amount: z.int().min(1),
  currency: z.string().regex(/^[A-Z]{3}$/),
  payment_method: z.string(),
});

const SLOW_MS = 2_000;
const PAGE = 100;

/** What the test payment methods do; any other is declined. */
const METHODS: ReadonlySet<string> = new Set(['pm_ok', 'pm_slow', 'pm_timeout_then_ok']);

/** One account of the test provider, and at `/control` what tests look at and turn. */
export function createAccountRoutes(account: Account): Hono {
  const behaviour = createBehaviourSwitch();
  const routes = new Hono();

  routes.put('/control', async (c) => {
    behaviour.set(await readBody(c, behaviourChange));
    return c.body(null, 204);
  });
  routes.get('/control', (c) => c.json({ charges: account.charges(), voided: account.voided() }));

  routes.post('/charges', behaviour.middleware, async (c) => {
    const request = await readBody(c, chargeRequest);
    account.assertNotVoided(request.key);
    if (request.payment_method === 'pm_insufficient_funds') throw new Refused(402, 'insufficient_funds');
    if (!METHODS.has(request.payment_method)) throw new Refused(402, 'payment_declined');
    // A refund may come meanwhile: the charge looks again when it takes the money.
    if (request.payment_method === 'pm_slow') await delay(SLOW_MS);
    const { charge_ref, isNew } = account.charge(request);
    if (isNew && request.payment_method === 'pm_timeout_then_ok') return hang(c);
    return c.json({ charge_ref });
  });

  routes.post('/refunds', behaviour.middleware, async (c) => {
    const { key } = await readBody(c, chargeRequest);
    return c.json({ refund_ref: account.refund(key) });
  });

  routes.get('/charges', behaviour.middleware, (c) => {
    const since = Date.parse(c.req.query('since') ?? '1970-01-01T00:00:00Z');
    const from = Number(c.req.query('cursor') ?? 0);
    const all = account.charges();
    const data = all.slice(from, from + PAGE).filter(({ created_at }) => Date.parse(created_at) >= since);
    return c.json({ data, next_cursor: from + PAGE < all.length ? String(from + PAGE) : null });
  });
  return routes;
}
