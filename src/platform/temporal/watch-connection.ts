import type { NativeConnection } from '@temporalio/worker';
import { succeeds, wait } from '../wait';

export interface WatchConnectionOptions {
  readonly connection: Pick<NativeConnection, 'workflowService' | 'withDeadline'>;
  readonly namespace: string;
  /** Opens a new connection, and closes it again. @throws Error when the server does not answer it */
  readonly tryAnother: () => Promise<void>;
  /** Ends the process, to be started again. */
  readonly fail: (error: unknown) => void;
  readonly signal: AbortSignal;
  /** Between two questions, and how long an answer may take. Defaults to 2.5 s. */
  readonly everyMs?: number;
}

/**
 * Ends the process when its connection to Temporal has gone silent and a new one is answered. The SDK notices after 45 s,
 * and its polls hang as long. A server that is away, or slow for everybody, is no reason: the SDK waits for it.
 */
export async function watchConnection(options: WatchConnectionOptions): Promise<void> {
  const { connection, namespace, tryAnother, fail, signal, everyMs = 2_500 } = options;
  const asks = (): Promise<boolean> => {
    const question = () => connection.workflowService.describeNamespace({ namespace });
    return succeeds(connection.withDeadline(Date.now() + everyMs, question));
  };

  while (!signal.aborted) {
    await wait(everyMs, signal);
    if (signal.aborted || (await asks()) || !(await succeeds(tryAnother())) || (await asks()) || signal.aborted)
      continue;
    fail(new Error('The connection to Temporal has gone silent, while the server answers a new one.'));
  }
}
