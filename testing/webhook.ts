import { Webhook } from 'standardwebhooks';
import type { Answer, ApiClient } from './api-client';
import { newClientId } from './shop';

/** A webhook to send. */
export interface WebhookRequest {
  readonly secret: string;
  /** An object becomes JSON. Text is sent unchanged. */
  readonly body: object | string;
  /** The time of the signature. Defaults to now. */
  readonly at?: Date;
  /** A body to send instead of the signed one. */
  readonly sent?: string;
  readonly path?: string;
}

/** The response to a webhook. */
export type WebhookAnswer = Answer<{ status: string; saga_id?: string; code?: string; errors?: { pointer: string }[] }>;

/** Returns a payment provider's webhook for a captured payment. */
export const capturedWebhook = (data: object) => ({ type: 'payment.captured', data });

/** Signs a body by Standard Webhooks and sends it. The client needs no key. */
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
