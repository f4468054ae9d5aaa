import pino from 'pino';
import type { Logger } from './logger';

/** For whoever gives none. */
export const silentLogger: Logger = pino({ level: 'silent' });
