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
    timestamp: pino.stdTimeFunctions.isoTime,
    ...(pretty && {
      transport: { target: 'pino-pretty', options: { singleLine: true, ignore: 'pid,hostname,name' } },
    }),
  });
}
