import { customerAccount } from '../../../src/billing/ledger';
import type { Snapshot } from '../snapshot';
import { sumBy } from './group';

/**
 * Money is neither made nor destroyed: the ledger sums to zero, and balances are the settled payments, but for
 * those that are to go back.
 */
export function checkLedger({ ledger, payments, orders }: Snapshot): string[] {
  const owed = new Set(orders.filter(({ status }) => status === 'REFUND_DUE').map(({ order_id }) => order_id));
  const unbalanced = ledger.flatMap(({ ledger_transaction_id, entries }) =>
    [...sumBy(entries, ({ currency }) => currency)]
      .filter(([, sum]) => sum !== 0)
      .map(([currency, sum]) => `ledger transaction ${ledger_transaction_id} sums to ${sum} ${currency}, not to zero`),
  );
  const balances = sumBy(
    ledger.flatMap(({ entries }) => entries).filter(({ account }) => account !== 'provider_clearing'),
    ({ account, currency }) => `${account} ${currency}`,
  );
  const settled = sumBy(
    payments.filter(({ status, order_id }) => status === 'CAPTURED' && !owed.has(order_id)),
    ({ customer_id, currency }) => `${customerAccount(customer_id)} ${currency}`,
  );
  const wrong = [...new Set([...balances.keys(), ...settled.keys()])]
    .filter((account) => (balances.get(account) ?? 0) !== (settled.get(account) ?? 0))
    .map(
      (account) =>
        `balance of ${account} is ${balances.get(account) ?? 0}, its settled payments ${settled.get(account) ?? 0}`,
    );
  return [...unbalanced, ...wrong, ...bookedTwice(ledger)];
}

function bookedTwice(ledger: Snapshot['ledger']): string[] {
  const times = sumBy(
    ledger.map(({ kind, reference }) => ({ kind, reference, amount: 1 })),
    ({ kind, reference }) => `${kind} of ${reference}`,
  );
  return [...times].filter(([, count]) => count > 1).map(([what, count]) => `${what} is booked ${count} times`);
}
