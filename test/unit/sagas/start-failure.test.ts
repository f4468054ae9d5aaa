import { ServiceError } from '@temporalio/client';
import { NamespaceNotFoundError } from '@temporalio/common';
import { startFailure } from '../../../src/sagas/start';

/** As the SDK throws it. */
const refusal = (code: number, details: string): Error =>
  new ServiceError('Failed to start Workflow', {
    cause: Object.assign(new Error(`${code} ${details}`), { code, details, metadata: {} }),
  });

const command = 'paysaga setup temporal';

it.each([
  [
    'an absent namespace',
    new NamespaceNotFoundError('shop'),
    { kind: 'setup', reason: `Temporal has no namespace shop: run \`${command}\``, command },
  ],
  [
    'an absent search attribute',
    refusal(3, 'Namespace shop has no mapping defined for search attribute PaysagaStep'),
    {
      kind: 'setup',
      reason:
        'Temporal does not know a search attribute of the sagas (3 Namespace shop has no mapping defined for search ' +
        `attribute PaysagaStep): run \`${command}\``,
      command,
    },
  ],
  [
    'refused credentials',
    refusal(7, 'no'),
    {
      kind: 'setup',
      reason:
        'Temporal refuses these credentials in namespace shop (7 no): see TEMPORAL_NAMESPACE, TEMPORAL_API_KEY and ' +
        'TEMPORAL_TLS_CLIENT_CERT_PATH',
    },
  ],
  ['another wrong argument', refusal(3, 'too long'), { kind: 'refused', reason: '3 too long' }],
  ['what cannot be asked', new TypeError('no input'), { kind: 'refused', reason: 'no input' }],
  ['a server that is away', refusal(14, 'no connection'), { kind: 'transient', reason: '14 no connection' }],
  ['a server that is slow', refusal(4, 'late'), { kind: 'transient', reason: '4 late' }],
])('classifies a start that fails by %s', (_, error, failure) => {
  expect(startFailure(error, 'shop')).toEqual(failure);
});
