import type { Once } from '../inbox/once';
import type { EventContext } from '../outbox/append';
import type { Logger } from '../platform/telemetry/logger';
import type { MessageDefinition, Principal } from './message';
import type { SagaStepRecord } from './saga-step';
import type { PendingWrites, UnitOfWork } from './unit-of-work';

export interface SendOptions {
  /** The system unless told. */
  readonly principal?: Principal;
  readonly once?: Once;
  /** Called when the once-key was there already: the stored answer is given, and nothing was done. */
  readonly onRepeat?: () => void;
  /** The saga step this command is, recorded in the command's own transaction. */
  readonly step?: SagaStepRecord;
  /** On `performance.now()`'s clock: what the caller has given up by then is neither begun nor committed. */
  readonly deadline?: number;
  readonly correlationId?: string;
  readonly causationId?: string;
  /** W3C Trace Context. */
  readonly traceparent?: string;
}

/** One message on its way through the behaviours. */
export interface Dispatch {
  readonly definition: MessageDefinition;
  data: unknown;
  readonly options: SendOptions;
  readonly principal: Principal;
  readonly context: EventContext;
  logger: Logger;
  /** Set by the transaction; present before it when a batch shares one. */
  uow?: UnitOfWork | PendingWrites;
}

/** Middleware around every handler. */
export type Behaviour = (dispatch: Dispatch, next: () => Promise<unknown>) => Promise<unknown>;
