import { type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Mediator } from '../cqrs/mediator';
import { newCredentials } from '../http/api-keys';
import {
  apiRoute,
  createRouter,
  idempotencyKey,
  json,
  jsonBody,
  idempotencyKeyOf,
  optionalJsonBody,
  sendOptions,
} from '../http/api-route';
import type { HttpEnv } from '../http/problem';
import { opaqueId } from '../platform/schemas';
import { keyAct, keyResponse, newKey, newKeyResponse } from './api-key';
import { createKey, keyFilter, listKeys, revokeKey, rotateKey } from './keys';

const tags: ['operator'] = ['operator'];
const params = z.object({ id: opaqueId });

const NOT_REPEATABLE =
  'The request takes no `Idempotency-Key`, because the response contains a secret and must not be stored. ' +
  'If the response is lost, list the keys and revoke the new key.';

/** Creates the routes of API keys. Changes are recorded with actor and reason. */
export function createKeyRoutes({ mediator }: { mediator: Mediator }): OpenAPIHono<HttpEnv> {
  const routes = createRouter();

  routes.openapi(
    apiRoute('/admin/keys', {
      method: 'get',
      tags,
      operationId: 'listKeys',
      summary: 'List API keys, newest first, including revoked and expired keys',
      request: { query: keyFilter },
      responses: { 200: json(listKeys.result, 'A page of keys, without their secrets') },
      refusals: ['forbidden'],
    }),
    async (c) => c.json(await mediator.send(listKeys(c.req.valid('query')), sendOptions(c)), 200),
  );

  routes.openapi(
    apiRoute('/admin/keys', {
      method: 'post',
      tags,
      operationId: 'createKey',
      summary: 'Create an API key; its secret is shown only once',
      description: NOT_REPEATABLE,
      request: { body: jsonBody(newKey, { role: 'service', label: 'shop backend' }) },
      responses: { 201: json(newKeyResponse, 'The key, with its secret in `key`') },
      refusals: ['forbidden', 'expiry_passed'],
    }),
    async (c) => {
      const { keyId, key, hash } = newCredentials();
      const command = createKey({ ...c.req.valid('json'), key_id: keyId, hash });
      return c.json({ ...(await mediator.send(command, sendOptions(c))), key }, 201);
    },
  );

  routes.openapi(
    apiRoute('/admin/keys/{id}/revoke', {
      method: 'post',
      tags,
      operationId: 'revokeKey',
      summary: 'Revoke an API key; every process refuses it within 5 seconds',
      request: { params, headers: idempotencyKey, body: optionalJsonBody(keyAct, { reason: 'The key was leaked.' }) },
      responses: { 200: json(keyResponse, 'The key, revoked') },
      refusals: ['forbidden', 'key_not_found', 'key_revoked'],
    }),
    async (c) => {
      const command = { ...c.req.valid('param'), ...c.req.valid('json') };
      const requestKey = idempotencyKeyOf(c, 'POST /admin/keys/{id}/revoke', command);
      return c.json(await mediator.send(revokeKey(command), sendOptions(c, requestKey)), 200);
    },
  );

  routes.openapi(
    apiRoute('/admin/keys/{id}/rotate', {
      method: 'post',
      tags,
      operationId: 'rotateKey',
      summary: 'Replace an API key; the old key works until the grace time is over',
      description:
        'The new key has the role, customer, label and expiry of the old one. The old key expires after ' +
        `\`KEY_ROTATION_GRACE\`, which defaults to 24 hours. ${NOT_REPEATABLE}`,
      request: { params, body: optionalJsonBody(keyAct, { reason: 'Rotated every quarter.' }) },
      responses: { 200: json(newKeyResponse, 'The new key, with its secret in `key`') },
      refusals: ['forbidden', 'key_not_found', 'key_revoked', 'key_rotated', 'key_expired'],
    }),
    async (c) => {
      const { keyId, key, hash } = newCredentials();
      const command = rotateKey({ ...c.req.valid('param'), ...c.req.valid('json'), key_id: keyId, hash });
      const { created } = await mediator.send(command, sendOptions(c));
      return c.json({ ...created, key }, 200);
    },
  );
  return routes;
}
