import { Webhook } from 'standardwebhooks';
import type { Answer, ApiClient } from './api-client';
import { newClientId } from './shop';

export interface WebhookRequest {
  readonly secret: string;
  /** An object becomes JSON; text is sent as it is. */
  readonly body: object | string;
  /** Defaults to now. */
  readonly at?: Date;
  /** Sent instead of the body that was signed. */
  readonly sent?: string;
  readonly path?: string;
}

export type WebhookAnswer = Answer<{ status: string; saga_id?: string; code?: string; errors?: { pointer: string }[] }>;

/** The notice that an invoice was paid, as a payment provider tells it. */
export const capturedWebhook = (data: object) => ({ type: 'payment.captured', data });

/** Sends what a holder of the secret signed, by Standard Webhooks. The client needs no key. */
export function sendWebhook(api: ApiClient, request: WebhookRequest): Promise<WebhookAnswer> {
  const { secret, at = new Date(), path = '/webhooks/payments' } = request;
  const body = typeof request.body === 'string' ? request.body : JSON.stringify(request.body);
  const id = newClientId('msg');
  return api.call('POST', path, {
    body: request.sent ?? body,
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
      'webhook-signature': new Webhook(secret).sign(id, at, body),
    },
  });
}
