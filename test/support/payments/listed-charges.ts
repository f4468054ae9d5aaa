import type { PaymentProvider, ProviderCharge } from '../../../src/payments/providers/provider';

/** Returns all pages as one list. @param since defaults to the beginning of time */
export async function listedCharges(
  provider: PaymentProvider,
  since = '1970-01-01T00:00:00Z',
): Promise<readonly ProviderCharge[]> {
  const listed: ProviderCharge[] = [];
  for await (const page of provider.charges(since)) listed.push(...page);
  return listed;
}
