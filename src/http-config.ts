import { z } from 'zod';
import { flag, integer } from './platform/config-values';

export const NODE_ENV = z
  .enum(['development', 'test', 'production'])
  .default('production')
  .describe('`production` has no fault points and no checks for developers.');

/** The variables of every process, and of the API’s HTTP server. */
export const httpVariables = {
  NODE_ENV,
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('The least level that is logged.'),
  LOG_PRETTY: flag.default(false).describe('Logs lines for people instead of JSON.'),
  HOST: z.string().default('0.0.0.0').describe('The address that the servers of the process listen on.'),
  PORT: integer(0, 65_535).default(3000).describe('The port of the API. `0` takes a free one.'),
  METRICS_PORT: integer(1, 65_535)
    .optional()
    .describe('The port of `/metrics` and `/health` of worker and consumer. Without it they have none.'),
  HTTP_KEEP_ALIVE_MS: integer(1_000, 3_600_000)
    .default(620_000)
    .describe('How long the API keeps an idle connection. Keep it above the idle time of your load balancer.'),
  HTTP_MAX_CONNECTIONS: integer(1, 1_000_000)
    .default(5_000)
    .describe('Open connections of one API process. Over it, the one that has been idle longest is closed.'),
  HTTP_MAX_WAITING: integer(0, 1_000_000)
    .default(1_000)
    .describe('Requests that may wait for the database in one API process. One more is answered 503.'),
  HTTP_MAX_WAIT_MS: integer(10, 60_000)
    .default(2_000)
    .describe('How long a request may wait for the database before it is answered 503.'),
  PAYSAGA_INSTANCE_ID: z
    .string()
    .regex(/^[\w.-]{1,64}$/, 'must be 1 to 64 letters, digits, dots, hyphens and underscores')
    .optional()
    .describe('A name that the process answers in the header `x-paysaga-instance` of its health routes.'),
  SHUTDOWN_GRACE_MS: integer(0, 600_000)
    .default(10_000)
    .describe('How long a process finishes its work after SIGTERM. Give the platform 5 s more.'),
};

type Variables = z.infer<z.ZodObject<typeof httpVariables>>;

/** The HTTP server of the API. */
export const httpConfig = (env: Variables) => ({
  host: env.HOST,
  port: env.PORT,
  keepAliveMs: env.HTTP_KEEP_ALIVE_MS,
  maxConnections: env.HTTP_MAX_CONNECTIONS,
  maxWaiting: env.HTTP_MAX_WAITING,
  maxWaitMs: env.HTTP_MAX_WAIT_MS,
});

export type HttpConfig = ReturnType<typeof httpConfig>;
