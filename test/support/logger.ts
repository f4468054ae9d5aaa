import pino from 'pino';
import type { Logger } from '../../src/platform/logger';

/** Says nothing, unless the tests run with `TEST_LOG_LEVEL`. */
export const silentLogger: Logger = pino({ level: process.env.TEST_LOG_LEVEL ?? 'silent' });
