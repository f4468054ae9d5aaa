import { Connection, isGrpcServiceError } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { SEARCH_ATTRIBUTES } from './search-attributes';

export interface NamespaceOptions {
  /** `host:port`. */
  readonly address: string;
  readonly namespace: string;
}

/** How long a closed workflow stays readable in a namespace made here. */
const RETENTION_SECONDS = 24 * 60 * 60;

/** `temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD` */
const KEYWORD = 2;

/** gRPC's ALREADY_EXISTS. */
const ALREADY_EXISTS = 6;

/**
 * Makes a Temporal namespace with paysaga's search attributes; workflows can be started in it at once.
 * Nothing happens when it is there already.
 */
export async function createNamespace(options: NamespaceOptions): Promise<void> {
  await connected(options, async (connection) => {
    const { namespace } = options;
    const workflowExecutionRetentionPeriod = { seconds: RETENTION_SECONDS };
    await connection.workflowService
      // Its type wants a Long, which a plain number is turned into all the same.
      .registerNamespace({ namespace, workflowExecutionRetentionPeriod } as object)
      .catch(ignoreExisting);
    await addMissingAttributes(connection, namespace);
  });
}

/** Registers paysaga's search attributes in a namespace that is there, where they are missing. */
export async function registerSearchAttributes(options: NamespaceOptions): Promise<void> {
  await connected(options, (connection) => addMissingAttributes(connection, options.namespace));
}

async function addMissingAttributes(connection: Connection, namespace: string): Promise<void> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = Object.keys(SEARCH_ATTRIBUTES).filter((name) => !(name in customAttributes));
  if (missing.length === 0) return;
  const searchAttributes = Object.fromEntries(missing.map((name) => [name, KEYWORD]));
  await connection.operatorService.addSearchAttributes({ namespace, searchAttributes }).catch(ignoreExisting);
}

/** TLS and API key come from the environment, as the three processes read them. */
async function connected(
  { address }: NamespaceOptions,
  work: (connection: Connection) => Promise<void>,
): Promise<void> {
  const { connectionOptions } = loadClientConnectConfig();
  const connection = await Connection.connect({ ...connectionOptions, address });
  try {
    await work(connection);
  } finally {
    await connection.close();
  }
}

function ignoreExisting(error: unknown): void {
  if (!isGrpcServiceError(error) || error.code !== (ALREADY_EXISTS as number)) throw error;
}
