import { v7 as uuidv7 } from 'uuid';
import type { ChargeRequest, ProviderCharge } from '../../src/payments/provider/payment-provider';
import { Refused } from './refused';

/** What an account's journal holds. */
export type AccountEntry =
  | { readonly type: 'charged'; readonly charge: ProviderCharge }
  | { readonly type: 'refunded'; readonly key: string; readonly refund_ref: string }
  | { readonly type: 'voided'; readonly key: string };

export interface Taken {
  readonly charge_ref: string;
  /** False when the key had been charged before. */
  readonly isNew: boolean;
}

/** An account with a payment provider: each key is charged at most once, and never after its refund. */
export interface Account {
  /** @throws Refused `charge_voided`, or `key_reused` for another charge under the same key */
  charge(request: ChargeRequest): Taken;
  /** Of a key that was not charged, makes sure that it never is. @returns the refund, or `null` for a void */
  refund(key: string): string | null;
  /** @throws Refused `charge_voided` */
  assertNotVoided(key: string): void;
  /** In the order in which they took money. */
  charges(): readonly ProviderCharge[];
  voided(): readonly string[];
}

/** Everything happens in one turn of the event loop: no charge slips between a void's look and its note. */
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
