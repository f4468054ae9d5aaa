import pino from 'pino';

/** A logger with structured fields. */
export type Logger = pino.Logger;

/** The options of {@link createLogger}. */
export interface LoggerOptions {
  /** The process, such as `api`, `worker` or `consumer`. */
  readonly name: string;
  readonly level: string;
  /** Formats lines for a terminal. Needs `pino-pretty`, which production does not install. */
  readonly pretty: boolean;
}

/**
 * Creates a logger that writes JSON lines to stdout. Messages are event names such as `area.past_tense`; ids are
 * fields.
 */
export function createLogger({ name, level, pretty }: LoggerOptions): Logger {
  return pino({
    name,
    level,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: boundedError },
    timestamp: pino.stdTimeFunctions.isoTime,
    ...(pretty && {
      transport: { target: 'pino-pretty', options: { singleLine: true, ignore: 'pid,hostname,name' } },
    }),
  });
}

/** The longest text of an error. Statements and other parties' messages have no limit. */
const MAX_LENGTH = 4_000;

/** Returns an error as pino writes it, with its texts cut. Its `cause` is in its stack. */
export function boundedError(error: unknown): unknown {
  const { type, message, stack, ...rest } = pino.stdSerializers.err(error as Error);
  if (message === undefined) return error;
  const code = 'code' in rest && ['string', 'number'].includes(typeof rest.code) ? { code: rest.code } : {};
  return { type, message: message.slice(0, MAX_LENGTH), stack: stack?.slice(0, 2 * MAX_LENGTH), ...code };
}

/** Logs nothing. */
export const silentLogger: Logger = pino({ level: 'silent' });

const logged = new WeakSet<object>();

/** Returns the log fields of an error: the whole error the first time, only its name afterwards. */
export function logFields(error: unknown): { err: unknown } | { error: string } {
  if (typeof error !== 'object' || error === null) return { err: error };
  if (logged.has(error)) return { error: error instanceof Error ? error.name : 'logged before' };
  logged.add(error);
  return { err: error };
}
