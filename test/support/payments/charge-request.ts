import { v7 as uuidv7 } from 'uuid';
import type { ChargeRequest } from '../../../src/payments/providers/provider';

/** A charge under a key of its own. */
export function chargeRequest(change: Partial<ChargeRequest> = {}): ChargeRequest {
  const id = uuidv7();
  return {
    key: `order-${id}/charge`,
    payment_id: `pay_${id}`,
    order_id: `ord_${id}`,
    customer_id: 'cus_1',
    amount: 9_900,
    currency: 'EUR',
    payment_method: 'pm_ok',
    ...change,
  };
}
