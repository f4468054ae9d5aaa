import { difference, type Difference, money } from '../difference';

/** A charge on a provider's list. */
export interface ChargeBook {
  readonly provider: string;
  readonly charge_ref: string;
  readonly payment_id: string;
  /** Minor units. */
  readonly amount: number;
  readonly currency: string;
  /** Whether that provider was asked for it, as it is said here. */
  readonly known: boolean;
  /** It was taken just now, or a saga of its order runs. */
  readonly in_motion: boolean;
}

/** What nobody here has asked for; the rest is compared with its payment. */
export function reconcileCharge(book: ChargeBook): Difference[] {
  if (book.in_motion || book.known) return [];
  const { provider, charge_ref, payment_id, amount, currency } = book;
  const more = `It names payment ${payment_id}.`;
  const expected = money(amount, currency);
  return [difference('charge_unknown_here', `${provider}/${charge_ref}`, { expected, actual: null, more })];
}
