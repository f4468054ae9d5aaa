import pino from 'pino';

export type Logger = pino.Logger;

export interface LoggerOptions {
  /** The process: `api`, `worker`, `consumer`, … */
  readonly name: string;
  readonly level: string;
  /** For people at a terminal; needs `pino-pretty`, which production does not install. */
  readonly pretty: boolean;
}

/** JSON lines on stdout; names of events are `area.past_tense`, ids are fields. */
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

/** Longer texts of an error are cut: a statement, or what others say, may be of any length. */
const MAX_LENGTH = 4_000;

/** An error as pino writes it, bounded. What is behind it (`cause`) is in its stack. */
export function boundedError(error: unknown): unknown {
  const { type, message, stack, ...rest } = pino.stdSerializers.err(error as Error);
  if (message === undefined) return error;
  const code = 'code' in rest && ['string', 'number'].includes(typeof rest.code) ? { code: rest.code } : {};
  return { type, message: message.slice(0, MAX_LENGTH), stack: stack?.slice(0, 2 * MAX_LENGTH), ...code };
}

/** For whoever gives none. */
export const silentLogger: Logger = pino({ level: 'silent' });

const logged = new WeakSet<object>();

/** An error passes several places that log: the first one that knows more of it says all, the others name it. */
export function logFields(error: unknown): { err: unknown } | { error: string } {
  if (typeof error !== 'object' || error === null) return { err: error };
  if (logged.has(error)) return { error: error instanceof Error ? error.name : 'logged before' };
  logged.add(error);
  return { err: error };
}
