import { createHash } from 'node:crypto';
import type { ProviderCharge } from '../payments/provider/payment-provider';
import { text } from '../platform/bounds';

/** The lengths of the columns, in characters. Our keys and ids are shorter. */
const MAX = { key: 500, charge_ref: 500, payment_id: 64, currency: 10 } as const;

/**
 * Returns the charge with texts that the database can store: long texts are cut, other characters are replaced. An
 * unstorable key becomes a digest, so that keys stay distinct. Such a charge is reported as unknown.
 */
export const storableCharge = (charge: ProviderCharge): ProviderCharge => ({
  ...charge,
  key: fits(charge.key, MAX.key) ? charge.key : `unreadable/${digestOf(charge.key)}`,
  charge_ref: storable(charge.charge_ref, MAX.charge_ref),
  payment_id: storable(charge.payment_id, MAX.payment_id),
  currency: storable(charge.currency, MAX.currency),
});

/** An empty text fits, because Stripe's charges may have no payment id. */
const fits = (value: string, max: number): boolean => value === '' || text(max).safeParse(value).success;

const storable = (value: string, max: number): string =>
  fits(value, max)
    ? value
    : [...value.slice(0, 2 * max)]
        .slice(0, max)
        .join('')
        .replace(/[\p{Cc}\p{Cs}]/gu, '\ufffd');

/** The digest of the UTF-16, because in UTF-8 all lone surrogates are equal. */
const digestOf = (value: string): string =>
  createHash('sha256').update(Buffer.from(value, 'utf16le')).digest('base64url');
