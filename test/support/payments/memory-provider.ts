import type { GuardedProvider } from '../../../src/payments/providers/provider';
import { Refusal, type RefusalCode } from '../../../src/platform/refusal';
import { createAccount } from '../../../testing/provider/account';
import { Refused } from '../../../testing/provider/behaviour';

/** How the next call goes wrong: it never arrives, or its answer does not. */
export type Loss = 'request' | 'answer';

export interface MemoryProvider extends GuardedProvider {
  /** What it was asked, in order: `charge pay_1`, `refund pay_1 ch_1`. Also what was lost on the way. */
  readonly calls: readonly string[];
  lose(what: Loss): void;
  setOpen(open: boolean): void;
  /** From now on it pays nothing back, or, with `false`, does again. */
  refuseRefunds(refuses?: boolean): void;
  /** Runs when the next charge has arrived, before the money is taken. */
  beforeNextCharge(act: () => Promise<void>): void;
}

const DECLINED: Readonly<Record<string, string>> = { pm_insufficient_funds: 'insufficient_funds', pm_ok: '' };

/** A payment provider without a process: keeps the promises of the port, on the test provider's own account. */
export function createMemoryProvider({ name }: { readonly name: string }): MemoryProvider {
  const account = createAccount([], () => undefined);
  const calls: string[] = [];
  let lost: Loss | undefined;
  let isOpen = false;
  let paysBack = true;
  let beforeCharge: (() => Promise<void>) | undefined;

  async function call<Answer>(what: string, act: () => Promise<Answer>) {
    calls.push(what);
    const loses = lost;
    lost = undefined;
    if (loses === 'request') throw new Error(`${name} cannot be reached.`);
    const answer = await act().catch((error: unknown) => {
      if (error instanceof Refused) throw new Refusal(error.code as RefusalCode, `${name} said ${error.code}.`);
      throw error;
    });
    if (loses === 'answer') throw new Error(`${name} did not answer in time.`);
    return answer;
  }

  return {
    name,
    calls,
    accepts: ({ payment_method }) => payment_method.startsWith('pm_'),
    isOpen: () => isOpen,
    setOpen: (open) => (isOpen = open),
    lose: (what) => (lost = what),
    refuseRefunds: (refuses = true) => (paysBack = !refuses),
    beforeNextCharge: (act) => (beforeCharge = act),
    charge: (request) =>
      call(`charge ${request.payment_id}`, async () => {
        const act = beforeCharge;
        beforeCharge = undefined;
        await act?.();
        account.assertNotVoided(request.key);
        const code = DECLINED[request.payment_method] ?? 'payment_declined';
        if (code !== '') throw new Refused(402, code);
        return { charge_ref: account.charge(request).charge_ref };
      }),
    refund: ({ key, payment_id }, charge_ref) =>
      call(['refund', payment_id, charge_ref ?? ''].join(' ').trim(), async () => {
        if (!paysBack) throw new Refused(409, 'refund_refused');
        return { refund_ref: account.refund(key) };
      }),
    async *charges(since) {
      yield account.charges().filter(({ created_at }) => created_at >= since);
    },
  };
}
