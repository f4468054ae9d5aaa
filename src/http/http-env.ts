import type { HttpBindings } from '@hono/node-server';
import type { Principal } from '../mediator/message';
import type { Logger } from '../platform/telemetry/logger';
import type { Authenticate } from './api-keys';

/** What the middleware leaves for the routes. */
export interface HttpEnv {
  /** Node's own request and answer; none in a test without a socket. */
  Bindings: Partial<HttpBindings>;
  Variables: {
    requestId: string;
    logger: Logger;
    authenticate: Authenticate;
    /** On every route that takes a key. */
    principal: Principal;
  };
}
