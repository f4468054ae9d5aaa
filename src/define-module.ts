import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Handler } from './cqrs/message';
import type { EventDefinition } from './events/registry';
import type { HttpEnv } from './http/problem';
import type { ConsumerDefinition } from './kafka/consumer';

/** All that a slice adds to the application. */
export interface Module<Services, RouteDeps> {
  readonly events?: readonly EventDefinition[];
  /** One for each command and query. */
  readonly handlers?: (services: Services) => readonly Handler[];
  readonly consumers?: readonly ConsumerDefinition[];
  readonly routes?: readonly ((deps: RouteDeps) => OpenAPIHono<HttpEnv>)[];
}

/** Declares a module. Its services and route dependencies are what its handlers and routes take. */
export const defineModule = <Services = unknown, RouteDeps = unknown>(
  module: Module<Services, RouteDeps>,
): Module<Services, RouteDeps> => module;
