import fc from 'fast-check';
import { type Account, type AccountEntry, createAccount } from '../../../testing/provider/account';
import { Refused } from '../../../testing/provider/behaviour';
import { chargeRequest } from '../../support/payments/charge-request';

type Act = { readonly kind: 'charge' | 'refund'; readonly key: string } | { readonly kind: 'restart' };

const key = fc.constantFrom('a', 'b', 'c');
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constantFrom('charge' as const, 'refund' as const), key }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
);

const codeOf = (work: () => unknown): string => {
  try {
    work();
    return 'done';
  } catch (error) {
    if (error instanceof Refused) return error.code;
    throw error;
  }
};

it('charges each key at most once, never after its refund, also across restarts', () => {
  const requests = new Map(['a', 'b', 'c'].map((one) => [one, chargeRequest({ key: one })]));
  fc.assert(
    fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
      const journal: AccountEntry[] = [];
      const open = (): Account => createAccount([...journal], (entry) => void journal.push(entry));
      let account = open();
      const charged = new Set<string>();
      const barred = new Set<string>();
      for (const step of acts) {
        if (step.kind === 'restart') account = open();
        else if (step.kind === 'refund') {
          expect(account.refund(step.key) === null).toBe(!charged.has(step.key));
          barred.add(step.key);
        } else {
          const request = requests.get(step.key) ?? chargeRequest({ key: step.key });
          expect(codeOf(() => account.charge(request))).toBe(barred.has(step.key) ? 'charge_voided' : 'done');
          if (!barred.has(step.key)) charged.add(step.key);
        }
      }
      const expected = [...charged].map((one) => [one, barred.has(one) ? 9_900 : 0]);
      const found = open().charges();
      expect(found.map((charge) => [charge.key, charge.refunded_amount])).toEqual(expected);
    }),
  );
});
