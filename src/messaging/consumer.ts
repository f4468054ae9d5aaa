import type { Message } from '../mediator/message';
import type { ReceivedEvent } from './received-event';

/** What one purpose consumes: declared by its slice, run by {@link startConsumer}. */
export interface ConsumerDefinition {
  /** Kafka consumer group, and the scope of its once-keys: `provisioning`, `sales-projection`. */
  readonly group: string;
  readonly topics: readonly string[];
  /** The command an event becomes; `undefined` for an event this group does not handle. Pure. */
  readonly toCommand: (event: ReceivedEvent) => Message | undefined;
}
