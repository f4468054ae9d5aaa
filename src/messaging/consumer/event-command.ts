import { eventOnce } from '../../inbox/once';
import type { BatchCommand } from '../../mediator/mediator';
import type { EventRegistry } from '../../outbox/event-registry';
import type { ConsumerDefinition } from './consumer';
import { type IncomingMessage, sourceOf } from './incoming-message';
import { readEvent } from './received-event';

/**
 * Returns the command for a message, with the event's idempotency key; `undefined` when the group does not handle its
 * type.
 *
 * @throws UnreadableMessage, NewerDataVersion
 */
export function eventCommand(
  message: IncomingMessage,
  { group, toCommand }: ConsumerDefinition,
  registry: EventRegistry,
): BatchCommand | undefined {
  const event = readEvent(message, registry);
  const command = toCommand(event);
  return (
    command && {
      message: command,
      options: {
        once: eventOnce(group, event.event_id, sourceOf(message)),
        correlationId: event.correlation_id,
        causationId: event.event_id,
        ...(event.traceparent !== null && { traceparent: event.traceparent }),
      },
    }
  );
}
