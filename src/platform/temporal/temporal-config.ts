import { loadClientConnectConfig } from '@temporalio/envconfig';

/** The address of Temporal, and how to connect. */
export type TemporalConfig = NonNullable<ReturnType<typeof temporalConfig>['temporal']> & {
  /** The address of the Web UI, for links to workflows. */
  readonly uiUrl?: string;
};

/**
 * Reads the address, namespace, TLS and API key as Temporal's own tools do
 * (https://docs.temporal.io/develop/environment-configuration).
 *
 * @returns the configuration as `temporal`, or an error message as `problem`
 */
export function temporalConfig(variables: Record<string, string>) {
  try {
    const { connectionOptions, namespace } = loadClientConnectConfig({ overrideEnvVars: variables });
    if (!connectionOptions.address) return { problem: 'TEMPORAL_ADDRESS is not set' };
    return { temporal: { connection: connectionOptions, namespace: namespace ?? 'default' } };
  } catch (error) {
    return { problem: `Temporal's configuration: ${error instanceof Error ? error.message : String(error)}` };
  }
}
