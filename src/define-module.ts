import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Handler } from './cqrs/message';
import type { EventDefinition } from './events/registry';
import type { HttpEnv } from './http/problem';
import type { ConsumerDefinition } from './kafka/received-event';

/** The parts that a module adds to the application. */
export interface Module<Services, RouteDeps> {
  readonly events?: readonly EventDefinition[];
  /** Creates one handler per command and query. */
  readonly handlers?: (services: Services) => readonly Handler[];
  readonly consumers?: readonly ConsumerDefinition[];
  readonly routes?: readonly ((deps: RouteDeps) => OpenAPIHono<HttpEnv>)[];
}

/** Declares a module. The types are the dependencies of its handlers and routes. */
export const defineModule = <Services = unknown, RouteDeps = unknown>(
  module: Module<Services, RouteDeps>,
): Module<Services, RouteDeps> => module;
