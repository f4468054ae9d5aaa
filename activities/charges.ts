import { ApplicationFailure } from '@temporalio/activity';
import type { OrderSagaInput, ShipmentSagaInput } from '../src/contract';
import type { Mediator } from '../src/mediator/mediator';
import { getOrder } from '../src/orders/get-order';
import { askCharge } from '../src/payments/charge/ask-charge';
import type { GuardedProvider, ProviderChain } from '../src/payments/provider/provider-chain';
import { recordCharge, recordChargeUndone } from '../src/payments/charge/record-charge';
import { askRefund, confirmCharge } from '../src/payments/refund/ask-refund';
import { recordRefund } from '../src/payments/refund/record-refund';
import { Refusal } from '../src/platform/refusal';
import type { StepSender } from './send-step';

export interface ChargeActivitiesOptions {
  readonly steps: StepSender;
  readonly mediator: Pick<Mediator, 'send'>;
  readonly providers: ProviderChain;
}

type Charged = { readonly charge_ref: string };

/** Steps at the payment provider. */
export function createChargeActivities({ steps, mediator, providers }: ChargeActivitiesOptions) {
  /** Whoever was asked first is asked again: `provider` counts only as long as nobody was. */
  function chargeAt(provider: GuardedProvider, saga: OrderSagaInput): Promise<Charged> {
    const { payment_id, order_id, invoice_id, customer_id, amount, currency, payment_method } = saga;
    const content = { payment_id, order_id, invoice_id, customer_id, amount, currency, payment_method };
    return steps.runOutside({
      saga,
      step: 'charge',
      point: 'payments.charge',
      ask: askCharge({ ...content, provider: provider.name }),
      async call({ provider: asked, ...request }) {
        // While it was tried again, somebody may have cancelled the order: no money for that.
        const { status } = await mediator.send(getOrder({ order_id }));
        if (status === 'CANCELLED') throw new Refusal('order_not_payable', `Order ${order_id} was cancelled.`);
        return providers.named(asked).charge(request);
      },
      record: ({ charge_ref }) => recordCharge({ payment_id, charge_ref }),
    });
  }

  return {
    /** @throws ApplicationFailure `circuit_open`, only when no provider was ever asked */
    async charge(saga: OrderSagaInput): Promise<Charged> {
      const provider = firstOf(providers, saga);
      if (provider.isOpen() && !(await steps.wasAsked({ saga, step: 'charge' }))) throw circuitOpen(provider.name);
      return chargeAt(provider, saga);
    },

    /** The fallback of `charge`: the next provider that can. When nobody can now, somebody may be able to later. */
    async chargeElsewhere(saga: OrderSagaInput): Promise<Charged> {
      const first = firstOf(providers, saga);
      const provider = providers.next(saga, first.name) ?? first;
      if (provider.isOpen() && !(await steps.wasAsked({ saga, step: 'charge' }))) {
        throw new Error(`No payment provider takes ${saga.payment_method} now.`);
      }
      return chargeAt(provider, saga);
    },

    async refundCharge(saga: OrderSagaInput): Promise<void> {
      const { payment_id } = saga;
      await steps.undoOutside({
        saga,
        step: 'charge',
        point: 'payments.refund',
        ask: confirmCharge({ payment_id }),
        call: ({ provider, charge_ref, ...request }) => providers.named(provider).refund(request, charge_ref),
        record: ({ refund_ref }) => recordChargeUndone({ payment_id, refund_ref }),
      });
    },

    /** Of goods that cannot be sent: through the provider that took the money, else it is an operator's task. */
    async refundPayment(saga: ShipmentSagaInput): Promise<void> {
      const { payment_id, order_id } = saga;
      await steps.mustOutside({
        saga,
        step: 'refund_payment',
        point: 'payments.refund',
        ask: askRefund({ payment_id }),
        async call({ charge }) {
          if (!charge) return byOperator('It was paid outside.');
          const { provider, charge_ref, ...request } = charge;
          try {
            const { refund_ref } = await providers.named(provider).refund(request, charge_ref);
            return refund_ref === null
              ? byOperator(`${provider} has no such charge.`)
              : { by: 'provider' as const, refund_ref };
          } catch (error) {
            if (!(error instanceof Refusal)) throw error;
            return byOperator(`${provider} refused: ${error.detail}`);
          }
        },
        record: (refund) => recordRefund({ order_id, payment_id, refund }),
      });
    },
  };
}

const byOperator = (reason: string) => ({ by: 'operator' as const, reason });

/** @throws ApplicationFailure non-retryable when no provider can */
function firstOf(providers: ProviderChain, saga: OrderSagaInput): GuardedProvider {
  try {
    return providers.first(saga);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { code, detail } = error;
    throw ApplicationFailure.create({ type: code, message: detail, nonRetryable: true, category: 'BENIGN' });
  }
}

const circuitOpen = (provider: string): ApplicationFailure =>
  ApplicationFailure.create({
    type: 'circuit_open',
    message: `The circuit of ${provider} is open: its last calls failed.`,
    nonRetryable: true,
    category: 'BENIGN',
  });
