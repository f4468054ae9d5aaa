import type { PaymentProvider, ProviderCharge } from '../../../src/payments/provider/payment-provider';

/** All pages as one list. @param since the beginning of time unless told */
export async function listedCharges(
  provider: PaymentProvider,
  since = '1970-01-01T00:00:00Z',
): Promise<readonly ProviderCharge[]> {
  const listed: ProviderCharge[] = [];
  for await (const page of provider.charges(since)) listed.push(...page);
  return listed;
}
