import { discrepancy, type Discrepancy, money } from '../difference';

/** A charge on a provider's list. */
export interface ChargeStatement {
  readonly provider: string;
  readonly charge_ref: string;
  readonly payment_id: string;
  /** Minor units. */
  readonly amount: number;
  readonly currency: string;
  /** Whether paysaga requested the charge from this provider. */
  readonly known: boolean;
  /** Too recent to compare, or a saga of its order runs. */
  readonly in_motion: boolean;
}

/** Reports a charge that paysaga did not request. Every other charge is compared with its payment. */
export function reconcileCharge(statement: ChargeStatement): Discrepancy[] {
  if (statement.in_motion || statement.known) return [];
  const { provider, charge_ref, payment_id, amount, currency } = statement;
  const more = `It names payment ${payment_id}.`;
  const expected = money(amount, currency);
  return [discrepancy('charge_unknown_here', `${provider}/${charge_ref}`, { expected, actual: null, more })];
}
