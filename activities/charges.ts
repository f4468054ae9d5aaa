import { ApplicationFailure } from '@temporalio/activity';
import type { Mediator } from '../src/cqrs/mediator';
import { getOrder } from '../src/orders/queries';
import { recordCharge, recordChargeUndone, requestCharge } from '../src/payments/charges';
import type { GuardedProvider, ProviderChain } from '../src/payments/providers/provider';
import { confirmCharge, recordRefund, requestRefund } from '../src/payments/refunds';
import { Refusal } from '../src/platform/refusal';
import type { OrderSagaInput, ShipmentSagaInput } from '../src/temporal-contract';
import type { StepSender } from './send-step';

/** What the activities at the payment provider need. */
export interface ChargeActivitiesOptions {
  readonly steps: StepSender;
  readonly mediator: Pick<Mediator, 'send'>;
  readonly providers: ProviderChain;
}

type Charged = { readonly charge_ref: string };

/** Creates the steps that call the payment provider. */
export function createChargeActivities({ steps, mediator, providers }: ChargeActivitiesOptions) {
  /** Charges at the provider of the first attempt. `provider` is used only when there was no attempt before. */
  function chargeAt(provider: GuardedProvider, saga: OrderSagaInput): Promise<Charged> {
    const { payment_id, order_id, invoice_id, customer_id, amount, currency, payment_method } = saga;
    const content = { payment_id, order_id, invoice_id, customer_id, amount, currency, payment_method };
    return steps.executeExternal({
      saga,
      step: 'charge',
      point: 'payments.charge',
      intend: requestCharge({ ...content, provider: provider.name }),
      async call({ provider: chosen, ...request }) {
        // The order may have been cancelled between two attempts. A cancelled order is not charged.
        const { status } = await mediator.send(getOrder({ order_id }));
        if (status === 'CANCELLED') throw new Refusal('order_not_payable', `Order ${order_id} was cancelled.`);
        return providers.named(chosen).charge(request);
      },
      record: ({ charge_ref }) => recordCharge({ payment_id, charge_ref }),
    });
  }

  return {
    /** Charges an order. @throws ApplicationFailure `circuit_open`, only if no provider was ever called */
    async charge(saga: OrderSagaInput): Promise<Charged> {
      const provider = firstOf(providers, saga);
      if (provider.isOpen() && !(await steps.hasIntent({ saga, step: 'charge' }))) throw circuitOpen(provider.name);
      return chargeAt(provider, saga);
    },

    /** The fallback of `charge`: charges at the next available provider, and is retried while there is none. */
    async chargeElsewhere(saga: OrderSagaInput): Promise<Charged> {
      const first = firstOf(providers, saga);
      const provider = providers.next(saga, first.name) ?? first;
      if (provider.isOpen() && !(await steps.hasIntent({ saga, step: 'charge' }))) {
        throw new Error(`No payment provider takes ${saga.payment_method} now.`);
      }
      return chargeAt(provider, saga);
    },

    /** Refunds the charge, even if its outcome is unknown. */
    async refundCharge(saga: OrderSagaInput): Promise<void> {
      const { payment_id } = saga;
      await steps.compensateExternal({
        saga,
        step: 'charge',
        point: 'payments.refund',
        intend: confirmCharge({ payment_id }),
        call: ({ provider, charge_ref, ...request }) => providers.named(provider).refund(request, charge_ref),
        record: ({ refund_ref }) => recordChargeUndone({ payment_id, refund_ref }),
      });
    },

    /** Refunds goods that cannot be shipped, through the provider that took the money or else by an operator. */
    async refundPayment(saga: ShipmentSagaInput): Promise<void> {
      const { payment_id, order_id } = saga;
      await steps.executeExternalUntilDone({
        saga,
        step: 'refund_payment',
        point: 'payments.refund',
        intend: requestRefund({ payment_id }),
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

/** The first provider for this charge. @throws ApplicationFailure non-retryable when there is none */
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
