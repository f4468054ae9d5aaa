import { setTimeout as delay } from 'node:timers/promises';
import { Hono } from 'hono';
import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import type { ChargeRequest, ProviderCharge } from '../../src/payments/providers/provider';
import { behaviourChange, createBehaviourSwitch, hang, readBody, Refused } from './behaviour';

/** An entry of an account's journal. */
export type AccountEntry =
  | { readonly type: 'charged'; readonly charge: ProviderCharge }
  | { readonly type: 'refunded'; readonly key: string; readonly refund_ref: string }
  | { readonly type: 'voided'; readonly key: string };

/** A charge that took money. */
export interface Taken {
  readonly charge_ref: string;
  /** False for a repeat of the same charge. */
  readonly isNew: boolean;
}

/** An account with a payment provider. Each key is charged at most once, and never after its refund. */
export interface Account {
  /** Takes the money. @throws Refused `charge_voided`, or `key_reused` for another charge under the same key */
  charge(request: ChargeRequest): Taken;
  /** Refunds a charge, or voids a key that was not charged. @returns the refund's id, or `null` for a void */
  refund(key: string): string | null;
  /** Checks that the key was not voided. @throws Refused `charge_voided` */
  assertNotVoided(key: string): void;
  /** Returns the charges in the order in which they took money. */
  charges(): readonly ProviderCharge[];
  voided(): readonly string[];
}

/**
 * Creates an account from its journal. Each call runs within one turn of the event loop, so no charge can come between
 * a void's check and its entry.
 */
export function createAccount(past: readonly AccountEntry[], append: (entry: AccountEntry) => void): Account {
  const charges = new Map<string, ProviderCharge>();
  const refunds = new Map<string, string>();
  const voided = new Set<string>();

  function apply(entry: AccountEntry): void {
    switch (entry.type) {
      case 'charged':
        charges.set(entry.charge.key, entry.charge);
        return;
      case 'refunded': {
        const charge = charges.get(entry.key);
        if (charge) charges.set(entry.key, { ...charge, refunded_amount: charge.amount });
        refunds.set(entry.key, entry.refund_ref);
        return;
      }
      case 'voided':
        voided.add(entry.key);
        return;
      default:
        entry satisfies never;
    }
  }

  function happen(entry: AccountEntry): void {
    append(entry);
    apply(entry);
  }

  function assertNotVoided(key: string): void {
    if (voided.has(key) || refunds.has(key)) throw new Refused(409, 'charge_voided');
  }

  past.forEach(apply);
  return {
    charge({ key, payment_id, amount, currency }) {
      assertNotVoided(key);
      const known = charges.get(key);
      if (known) {
        const isSame = known.payment_id === payment_id && known.amount === amount && known.currency === currency;
        if (!isSame) throw new Refused(422, 'key_reused');
        return { charge_ref: known.charge_ref, isNew: false };
      }
      const charge_ref = `ch_${uuidv7()}`;
      const created_at = new Date().toISOString();
      const charge = { key, charge_ref, payment_id, amount, currency, refunded_amount: 0, created_at };
      happen({ type: 'charged', charge });
      return { charge_ref, isNew: true };
    },
    refund(key) {
      const known = refunds.get(key);
      if (known !== undefined) return known;
      if (!charges.has(key)) {
        if (!voided.has(key)) happen({ type: 'voided', key });
        return null;
      }
      const refund_ref = `re_${uuidv7()}`;
      happen({ type: 'refunded', key, refund_ref });
      return refund_ref;
    },
    assertNotVoided,
    charges: () => [...charges.values()],
    voided: () => [...voided],
  };
}

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

/** The supported test payment methods. Any other is declined. */
const METHODS: ReadonlySet<string> = new Set(['pm_ok', 'pm_slow', 'pm_timeout_then_ok']);

/** Creates the routes of one account of the test provider, and of `/control`, by which tests read and change it. */
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
    // A refund may arrive meanwhile, so the charge is checked again when it takes the money.
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
