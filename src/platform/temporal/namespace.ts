import { type Connection, isGrpcServiceError } from '@temporalio/client';
import { NamespaceNotFoundError } from '@temporalio/common';
import { searchAttributes } from '../../temporal-contract';
import { wait } from '../timing';
import { SetupMissing } from '../watch-setup';
import { reasonOf } from './temporal';

type Services = Pick<Connection, 'workflowService' | 'operatorService'>;

/** What {@link prepareNamespace} created. */
export interface PreparedNamespace {
  readonly registered: boolean;
  readonly attributes: readonly string[];
}

/** The command that creates the namespace and its search attributes. */
export const SETUP_TEMPORAL = 'paysaga setup temporal';

/** The status codes of gRPC (https://grpc.io/docs/guides/status-codes/). */
export const grpcCodes = {
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  UNIMPLEMENTED: 12,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const;

/** `temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD` */
const KEYWORD = 2;
/** The retention of closed workflows in a namespace that is created here: Temporal's own default. */
const RETENTION_SECONDS = 72 * 60 * 60;
/** A server refreshes its list of namespaces and search attributes once a minute. */
const USABLE_WITHIN_MS = 90_000;
const LOOK_MS = 500;

const attributeNames = Object.values(searchAttributes).map(({ name }) => name);

/**
 * Creates a missing namespace and its missing search attributes, and waits until the server accepts them. Safe to
 * repeat.
 *
 * @throws SetupMissing when something is missing that these credentials may not create; the message says what to do
 */
export async function prepareNamespace(services: Services, namespace: string): Promise<PreparedNamespace> {
  const registered = await registerNamespace(services, namespace);
  const attributes = new Set<string>();
  const deadline = performance.now() + USABLE_WITHIN_MS;
  for (;;) {
    try {
      for (const name of await addSearchAttributes(services, namespace)) attributes.add(name);
      await assertNamespace(services, namespace);
      return { registered, attributes: [...attributes] };
    } catch (error) {
      if (!isNotYetKnown(error) || performance.now() > deadline) throw lacking(error, namespace);
      await wait(LOOK_MS);
    }
  }
}

/** Whether the server does not yet know a new namespace or search attribute, or an operator must create it. */
const isNotYetKnown = (error: unknown): boolean =>
  grpcCode(error) === grpcCodes.NOT_FOUND || (error instanceof SetupMissing && error.command !== undefined);

async function registerNamespace({ workflowService }: Services, namespace: string): Promise<boolean> {
  const described = await codeOf(workflowService.describeNamespace({ namespace }));
  if (described === undefined) return false;
  const workflowExecutionRetentionPeriod = { seconds: RETENTION_SECONDS };
  const made = await codeOf(
    // The type needs a Long. A plain number is converted all the same.
    workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod } as object),
  );
  if (made === undefined) return true;
  if (made === grpcCodes.ALREADY_EXISTS) return false;
  throw new SetupMissing(
    `Temporal has no namespace ${namespace}, or not for these credentials, which may not register it: make it as its ` +
      `operator (\`temporal operator namespace create --namespace ${namespace}\`, or Temporal Cloud's own tools), then run ` +
      `\`${SETUP_TEMPORAL}\` again`,
  );
}

/**
 * Registers the missing search attributes of a namespace.
 *
 * @returns the names of the registered ones
 * @throws SetupMissing when these credentials may not register them, or an attribute has another type
 */
export async function addSearchAttributes({ operatorService }: Services, namespace: string): Promise<string[]> {
  const there = await operatorService.listSearchAttributes({ namespace }).catch((error: unknown) => {
    if (mayNot(error)) return undefined;
    throw error;
  });
  // Without the right to list them, `assertNamespace` finds what is missing.
  if (!there) return [];
  const { customAttributes } = there;
  const others = attributeNames.filter((name) => (customAttributes[name] ?? KEYWORD) !== KEYWORD);
  if (others.length > 0) {
    throw new SetupMissing(
      `in namespace ${namespace} the search attributes ${others.join(', ')} are not of type Keyword: remove them by ` +
        `\`${attributeCommand('remove', namespace, others)}\`, then run \`${SETUP_TEMPORAL}\` again`,
    );
  }
  const missing = attributeNames.filter((name) => !(name in customAttributes));
  if (missing.length === 0) return [];
  const added = Object.fromEntries(missing.map((name) => [name, KEYWORD]));
  await operatorService.addSearchAttributes({ namespace, searchAttributes: added }).catch((error: unknown) => {
    if (mayNot(error)) throw attributesMissing(namespace, missing, 'which these credentials may not register');
    if (grpcCode(error) !== grpcCodes.ALREADY_EXISTS) throw error;
  });
  return missing;
}

/**
 * Checks that sagas can start in a namespace: it exists, and a query can name each search attribute. Needs no
 * operator's rights.
 *
 * @throws SetupMissing when something is missing
 * @throws Error when Temporal does not answer
 */
export async function assertNamespace(
  { workflowService }: Pick<Services, 'workflowService'>,
  namespace: string,
): Promise<void> {
  const described = await refusal(workflowService.describeNamespace({ namespace }));
  if (described) throw lacking(described, namespace);
  const missing: string[] = [];
  for (const name of attributeNames) {
    const refused = await refusal(workflowService.countWorkflowExecutions({ namespace, query: `${name} = 'none'` }));
    if (!refused) continue;
    // Credentials may be allowed to start workflows but not to count them. Only a start can show more.
    if (mayNot(refused)) return;
    if (grpcCode(refused) !== grpcCodes.INVALID_ARGUMENT) throw lacking(refused, namespace);
    missing.push(name);
  }
  if (missing.length > 0) throw attributesMissing(namespace, missing);
}

/** Returns what a refusal by Temporal says is missing, or the error itself if it says nothing about that. */
export function lacking(error: unknown, namespace: string): unknown {
  switch (grpcCode(error)) {
    case grpcCodes.NOT_FOUND:
      return new SetupMissing(`Temporal has no namespace ${namespace}`, SETUP_TEMPORAL);
    case grpcCodes.INVALID_ARGUMENT:
      return /search attribute/i.test(reasonOf(error))
        ? new SetupMissing(
            `Temporal does not know a search attribute of the sagas (${reasonOf(error)})`,
            SETUP_TEMPORAL,
          )
        : error;
    case grpcCodes.PERMISSION_DENIED:
    case grpcCodes.UNAUTHENTICATED:
      return new SetupMissing(
        `Temporal refuses these credentials in namespace ${namespace} (${reasonOf(error)}): see TEMPORAL_NAMESPACE, ` +
          'TEMPORAL_API_KEY and TEMPORAL_TLS_CLIENT_CERT_PATH',
      );
    default:
      return error;
  }
}

function attributesMissing(namespace: string, missing: readonly string[], because?: string): SetupMissing {
  const what = `Temporal's namespace ${namespace} lacks the search attributes ${missing.join(', ')}`;
  if (because === undefined) return new SetupMissing(what, SETUP_TEMPORAL);
  return new SetupMissing(
    `${what}, ${because}: as its operator run \`${attributeCommand('create', namespace, missing)}\`, or add them by ` +
      "Temporal Cloud's own tools",
  );
}

const attributeCommand = (verb: 'create' | 'remove', namespace: string, names: readonly string[]): string =>
  [
    `temporal operator search-attribute ${verb} --namespace ${namespace}`,
    ...names.map((name) => (verb === 'create' ? `--name ${name} --type Keyword` : `--name ${name}`)),
  ].join(' ');

/** Returns the gRPC code of a refused call, or `undefined` after a success. @throws any other error */
async function codeOf(call: Promise<unknown>): Promise<number | undefined> {
  const refused = await refusal(call);
  return refused === undefined ? undefined : grpcCode(refused);
}

/** The codes of refusals that a retry cannot change. */
const REFUSALS: readonly (number | undefined)[] = [
  grpcCodes.INVALID_ARGUMENT,
  grpcCodes.NOT_FOUND,
  grpcCodes.ALREADY_EXISTS,
  grpcCodes.PERMISSION_DENIED,
  grpcCodes.UNIMPLEMENTED,
  grpcCodes.UNAUTHENTICATED,
];

async function refusal(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
    return undefined;
  } catch (error) {
    if (REFUSALS.includes(grpcCode(error))) return error;
    throw error;
  }
}

const mayNot = (error: unknown): boolean =>
  [grpcCodes.PERMISSION_DENIED, grpcCodes.UNAUTHENTICATED, grpcCodes.UNIMPLEMENTED].includes(grpcCode(error) as 7);

/** Returns the gRPC status code of a failed call, also from inside the SDK's own errors. */
export function grpcCode(error: unknown): number | undefined {
  if (isGrpcServiceError(error)) return error.code;
  // The SDK turns the refusal into this error and drops the original.
  if (error instanceof NamespaceNotFoundError) return grpcCodes.NOT_FOUND;
  return error instanceof Error && isGrpcServiceError(error.cause) ? error.cause.code : undefined;
}
