import { createHash } from 'node:crypto';
import type { ProviderCharge } from '../payments/provider/payment-provider';
import { text } from '../platform/bounds';

/** What the columns keep, in characters. Every key and id of ours is shorter. */
const MAX = { key: 500, charge_ref: 500, payment_id: 64, currency: 10 } as const;

/**
 * The charge with texts that the database can keep: what does not fit is cut, and other characters are replaced. Such a
 * key gets a digest, so that two of them stay two. It is none of ours, so the charge is reported as unknown here, and the
 * rest of the provider's list is compared.
 */
export const storableCharge = (charge: ProviderCharge): ProviderCharge => ({
  ...charge,
  key: fits(charge.key, MAX.key) ? charge.key : `unreadable/${digestOf(charge.key)}`,
  charge_ref: storable(charge.charge_ref, MAX.charge_ref),
  payment_id: storable(charge.payment_id, MAX.payment_id),
  currency: storable(charge.currency, MAX.currency),
});

/** Stripe's charges may have no payment id. */
const fits = (value: string, max: number): boolean => value === '' || text(max).safeParse(value).success;

const storable = (value: string, max: number): string =>
  fits(value, max)
    ? value
    : [...value.slice(0, 2 * max)]
        .slice(0, max)
        .join('')
        .replace(/[\p{Cc}\p{Cs}]/gu, '\ufffd');

/** Of its UTF-16: in UTF-8 all lone surrogates are the same. */
const digestOf = (value: string): string =>
  createHash('sha256').update(Buffer.from(value, 'utf16le')).digest('base64url');
