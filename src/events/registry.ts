import type { z } from 'zod';

/** The names of one service's events on the wire. */
export interface EventNames {
  /** `ce_source`. With `ce_id` it identifies one event (CloudEvents 1.0, 3.1). */
  readonly source: string;
  /** Prefix of `ce_type`, before the registry's type. */
  readonly typePrefix: string;
}

/** The names of paysaga's own events. */
export const paysagaNames: EventNames = { source: '/paysaga', typePrefix: 'com.paysaga.' };

/** One event type, as its module declares it. */
export interface EventDefinition<Type extends string = string, Payload = unknown> {
  /** `noun.past-tense`, e.g. `order.placed`. */
  readonly type: Type;
  /** The version of the payload's shape. */
  readonly dataVersion: number;
  /** `paysaga.<aggregate>`, or the type itself for a notification. */
  readonly topic: string;
  readonly payload: z.ZodType<Payload>;
}

/** The type and payload of a definition's event, before it has an id and a version. */
export type EventOf<D> =
  D extends EventDefinition<infer Type, infer Payload> ? { readonly type: Type; readonly payload: Payload } : never;

/** Declares an event type. */
export const defineEvent = <Type extends string, Payload>(
  definition: EventDefinition<Type, Payload>,
): EventDefinition<Type, Payload> => definition;

/** All event types of a service, each with its topic. */
export interface EventRegistry extends EventNames {
  /** The topics of all types, each once. */
  readonly topics: readonly string[];
  /** @throws Error for a type that is not declared */
  get(type: string): EventDefinition;
  /** Returns `undefined` for a type that is not declared. */
  find(type: string): EventDefinition | undefined;
}

/**
 * Creates the registry of event types, the only source of an event's topic. Names default to paysaga's.
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
