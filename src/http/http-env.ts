import type { Principal } from '../mediator/message';
import type { Logger } from '../platform/telemetry/logger';
import type { Authenticate } from './api-keys';

/** What the middleware leaves for the routes. */
export interface HttpEnv {
  Variables: {
    requestId: string;
    logger: Logger;
    authenticate: Authenticate;
    /** On every route that takes a key. */
    principal: Principal;
  };
}
