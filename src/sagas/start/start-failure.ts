import { grpcCode, grpcCodes, lacking } from '../../platform/temporal/namespace';
import { reasonOf } from '../../platform/temporal/temporal';
import { SetupMissing } from '../../platform/setup-missing';

/** Why Temporal did not take a saga. */
export interface StartFailure {
  readonly reason: string;
  /**
   * - `setup`: something is missing or forbidden. No saga can start until an operator corrects it.
   * - `refused`: Temporal refuses this saga. Retrying does not help.
   * - `passing`: Temporal was away or busy.
   */
  readonly kind: 'setup' | 'refused' | 'passing';
  /** The command that corrects it. */
  readonly command?: string;
}

/** Classifies a failed start. */
export function startFailure(error: unknown, namespace: string): StartFailure {
  const missing = lacking(error, namespace);
  if (missing instanceof SetupMissing) {
    const { message: reason, command } = missing;
    return { reason, kind: 'setup', ...(command !== undefined && { command }) };
  }
  const code = grpcCode(error);
  // An error without a code is not from the server: the client could not send the request.
  const isRefused = code === undefined || code === grpcCodes.INVALID_ARGUMENT;
  return { reason: reasonOf(error), kind: isRefused ? 'refused' : 'passing' };
}
