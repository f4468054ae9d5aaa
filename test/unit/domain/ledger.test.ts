import fc from 'fast-check';
import { paymentCredit, reversal } from '../../../src/domain/ledger';

const amounts = fc.integer({ min: 1, max: 1_000_000_000_000 });
const sum = (entries: readonly { amount: number }[]): number =>
  entries.reduce((total, { amount }) => total + amount, 0);

it('sums every credit and its reversal to zero', () => {
  fc.assert(
    fc.property(fc.string(), amounts, (customer, amount) => {
      const credit = paymentCredit(customer, amount, 'EUR');
      expect(sum(credit)).toBe(0);
      expect(sum(reversal(credit))).toBe(0);
    }),
  );
});

it('reverses exactly the credited amounts, account by account', () => {
  fc.assert(
    fc.property(amounts, (amount) => {
      const credit = paymentCredit('cus_1', amount, 'EUR');
      for (const { account } of credit) {
        expect(sum([...credit, ...reversal(credit)].filter((entry) => entry.account === account))).toBe(0);
      }
    }),
  );
});
