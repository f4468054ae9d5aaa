import { assertNamespace, grpcCodes, prepareNamespace } from '../../../src/platform/temporal/namespace';

const KEYWORD = 2;
const ATTRIBUTES = ['PaysagaOrderId', 'PaysagaCustomerId', 'PaysagaSagaState', 'PaysagaStep'];
const NAMES = ATTRIBUTES.map((name) => `--name ${name} --type Keyword`).join(' ');

type Method =
  | 'describeNamespace'
  | 'registerNamespace'
  | 'countWorkflowExecutions'
  | 'listSearchAttributes'
  | 'addSearchAttributes';

/** A server that refuses these calls with these codes. */
function server(refusals: Partial<Record<Method, keyof typeof grpcCodes>>, customAttributes: object = {}) {
  const asked: string[] = [];
  const answer = (method: Method) => async () => {
    asked.push(method);
    const code = refusals[method];
    if (code === undefined) return { customAttributes };
    throw Object.assign(new Error(`${grpcCodes[code]} ${code}: no`), {
      code: grpcCodes[code],
      details: 'no',
      metadata: {},
    });
  };
  const services = {
    workflowService: {
      describeNamespace: answer('describeNamespace'),
      registerNamespace: answer('registerNamespace'),
      countWorkflowExecutions: answer('countWorkflowExecutions'),
    },
    operatorService: {
      listSearchAttributes: answer('listSearchAttributes'),
      addSearchAttributes: answer('addSearchAttributes'),
    },
  };
  return { asked, services: services as never };
}

const refused = (work: Promise<unknown>): Promise<unknown> => work.catch(({ message }: Error) => message);

it('registers nothing in a namespace that has all', async () => {
  const all = Object.fromEntries(ATTRIBUTES.map((name) => [name, KEYWORD]));
  const { services, asked } = server({}, all);
  expect(await prepareNamespace(services, 'shop')).toEqual({ registered: false, attributes: [] });
  expect(asked).not.toContain('registerNamespace');
  expect(asked).not.toContain('addSearchAttributes');
});

it('says which namespace to make, where the credentials may not register it', async () => {
  const { services } = server({ describeNamespace: 'PERMISSION_DENIED', registerNamespace: 'PERMISSION_DENIED' });
  expect(await refused(prepareNamespace(services, 'shop'))).toMatch(
    /^Temporal has no namespace shop, or not for these credentials.*temporal operator namespace create --namespace shop/,
  );
});

it('says which search attributes to make, where the credentials may not register them', async () => {
  const { services } = server({ addSearchAttributes: 'PERMISSION_DENIED' });
  expect(await refused(prepareNamespace(services, 'shop'))).toContain(
    `\`temporal operator search-attribute create --namespace shop ${NAMES}\``,
  );
});

it('says that a search attribute has another type', async () => {
  const { services, asked } = server({}, { PaysagaStep: 1 });
  expect(await refused(prepareNamespace(services, 'shop'))).toContain(
    'in namespace shop the search attributes PaysagaStep are not of type Keyword',
  );
  expect(asked).not.toContain('addSearchAttributes');
});

it.each([
  [
    'an absent namespace',
    { describeNamespace: 'NOT_FOUND' },
    'Temporal has no namespace shop: run `paysaga setup temporal`',
  ],
  [
    'refused credentials',
    { describeNamespace: 'UNAUTHENTICATED' },
    'Temporal refuses these credentials in namespace shop (16 UNAUTHENTICATED: no): see TEMPORAL_NAMESPACE, TEMPORAL_API_KEY ' +
      'and TEMPORAL_TLS_CLIENT_CERT_PATH',
  ],
  [
    'absent search attributes',
    { countWorkflowExecutions: 'INVALID_ARGUMENT' },
    `Temporal's namespace shop lacks the search attributes ${ATTRIBUTES.join(', ')}: run \`paysaga setup temporal\``,
  ],
  ['credentials that may not count', { countWorkflowExecutions: 'PERMISSION_DENIED' }, undefined],
] as const)('a process names %s', async (_, refusals, message) => {
  expect(await refused(assertNamespace(server(refusals).services, 'shop'))).toBe(message);
});
