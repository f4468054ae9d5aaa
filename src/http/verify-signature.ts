import { createMiddleware } from 'hono/factory';
import { Webhook } from 'standardwebhooks';
import { Refusal } from '../platform/refusal';
import type { HttpEnv } from './http-env';

/**
 * Lets a request pass that the holder of the secret signed within the last five minutes, by its bytes as they
 * came and before anything reads them (https://www.standardwebhooks.com). Several signatures may stand in the
 * header, so that a sender can change its secret. Nothing of a request that fails is logged.
 *
 * @param secret `whsec_` and base64
 * @throws Refusal `invalid_signature`
 */
export function verifySignature(secret: string) {
  const webhook = new Webhook(secret);
  return createMiddleware<HttpEnv>(async function verifySignature(c, next) {
    const body = Buffer.from(await c.req.arrayBuffer());
    try {
      webhook.verify(body, c.req.header(), { jsonParse: false });
    } catch {
      throw new Refusal(
        'invalid_signature',
        'Sign `id.timestamp.body` with the shared secret, at most 5 minutes ago, and send webhook-id, ' +
          'webhook-timestamp and webhook-signature (standardwebhooks.com).',
      );
    }
    await next();
  });
}
