import type { z } from 'zod';
import { type EventNames, paysagaNames } from './event-names';

/** What a slice declares for each of its event types. */
export interface EventDefinition<Type extends string = string, Payload = unknown> {
  /** `noun.past-tense`, e.g. `order.placed`. */
  readonly type: Type;
  /** Of the payload's shape; older ones are upcast on read. */
  readonly dataVersion: number;
  /** `paysaga.<aggregate>`, or the type itself for a notification. */
  readonly topic: string;
  readonly payload: z.ZodType<Payload>;
}

/** The event a definition describes, before it has an id and a version. */
export type EventOf<D> =
  D extends EventDefinition<infer Type, infer Payload> ? { readonly type: Type; readonly payload: Payload } : never;

export const defineEvent = <Type extends string, Payload>(
  definition: EventDefinition<Type, Payload>,
): EventDefinition<Type, Payload> => definition;

export interface EventRegistry extends EventNames {
  /** All topics that events go to, each once. */
  readonly topics: readonly string[];
  /** @throws Error for a type nobody declared */
  get(type: string): EventDefinition;
  find(type: string): EventDefinition | undefined;
}

/**
 * The one list of event types: it alone says where an event goes. Names are paysaga's unless told.
 *
 * @throws Error when a type is declared twice
 */
export function createEventRegistry(
  definitions: readonly EventDefinition[],
  names: EventNames = paysagaNames,
): EventRegistry {
  const byType = new Map<string, EventDefinition>();
  for (const definition of definitions) {
    if (byType.has(definition.type)) throw new Error(`Event type ${definition.type} is declared twice.`);
    byType.set(definition.type, definition);
  }
  return {
    ...names,
    topics: [...new Set(definitions.map(({ topic }) => topic))],
    find: (type) => byType.get(type),
    get(type) {
      const definition = byType.get(type);
      if (!definition) throw new Error(`Event type ${type} is not in the registry: declare it with defineEvent.`);
      return definition;
    },
  };
}
