import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { BODY_REFUSALS, FAULTS, located, problems, sendOptions } from '../../http/api-route';
import type { HttpEnv } from '../../http/http-env';
import { acceptPayment, type paymentNotice } from '../accept-payment';
import type { PaymentRouteDeps } from '../routes';

const received = z
  .object({
    status: z.enum(['pending', 'refused', 'ignored']).openapi({
      description: '`refused` for good, and recorded with the payment; `ignored`: it says nothing to paysaga',
    }),
    saga_id: z.string().optional(),
    code: z.string().optional().openapi({ description: 'Why it was refused, as close-after-payment says it.' }),
    detail: z.string().optional(),
  })
  .openapi('WebhookReceived');

/** How every webhook of payments answers. */
export const webhookResponses = {
  202: located(
    received,
    'Kept for certain, also when it was before, or refused for good: look at status and Location',
    false,
  ),
  ...problems(
    ...BODY_REFUSALS,
    'invalid_signature',
    'validation_failed',
    'order_not_found',
    'invoice_not_found',
    'saga_compensated',
    ...FAULTS,
  ),
};

/** The answer to what is not for us. */
export const ignored = (c: Context<HttpEnv>) => c.json({ status: 'ignored' as const }, 202);

/**
 * Sends the command of close-after-payment, and answers as soon as the payment is kept. A sender repeats what it
 * got no 2xx for, and a repeat does nothing twice: the key is the payment, not the webhook's own id. So what is
 * refused for good, and recorded, gets one too; what may be there later, as an order, is refused.
 *
 * @param webhook its name, for the audit: the signature vouches for who sends
 */
export const createAcceptNotice = ({ mediator, sagas, faults }: PaymentRouteDeps, webhook: string) =>
  async function acceptNotice(c: Context<HttpEnv>, notice: z.output<typeof paymentNotice>) {
    const principal = { role: 'service', keyId: `webhook/${webhook}` } as const;
    const accepted = await mediator.send(acceptPayment(notice), { ...sendOptions(c), principal });
    await faults.pass('payments.after_commit');
    if (accepted.state === 'refused') {
      const { code, detail } = accepted;
      return c.json({ status: 'refused' as const, code, detail }, 202);
    }
    const { saga_id } = accepted;
    if (accepted.state === 'running') await sagas.start({ saga_id, type: 'payment', input: accepted.input });
    return c.json({ status: 'pending' as const, saga_id }, 202, { Location: `/sagas/${saga_id}` });
  };
