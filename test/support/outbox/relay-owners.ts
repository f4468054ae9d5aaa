import { Connection } from '@temporalio/client';
import { relayWorkflowId } from '../../../src/temporal-contract';
import type { E2eStack } from '../e2e-stack';

export interface RelayOwners {
  /** For each shard group the pid of the worker that relays it, as Temporal knows it; 0 for none. */
  read(): Promise<number[]>;
  close(): Promise<void>;
}

/** Asks Temporal who runs the relays' activities. */
export async function createRelayOwners({ services, namespace }: E2eStack, groups: number): Promise<RelayOwners> {
  const connection = await Connection.connect({ address: services.temporalAddress });
  const ownerOf = async (group: number): Promise<number> => {
    const execution = { workflowId: relayWorkflowId(group) };
    const { pendingActivities } = await connection.workflowService.describeWorkflowExecution({ namespace, execution });
    const [running] = (pendingActivities ?? []).filter(({ lastStartedTime }) => lastStartedTime);
    // The SDK's identity of a worker: `pid@host`.
    return Number.parseInt(running?.lastWorkerIdentity ?? '0', 10);
  };
  return {
    read: () => Promise.all(Array.from({ length: groups }, (_, group) => ownerOf(group))),
    close: () => connection.close(),
  };
}
