import { Prisma } from './prisma/client';

/** The SQLSTATEs the code decides by (https://www.postgresql.org/docs/18/errcodes-appendix.html). */
export const sqlStates = {
  uniqueViolation: '23505',
  lockNotAvailable: '55P03',
} as const;

/** Connection lost, shutting down, out of resources, read-only, cancelled by a time-out, busy row. */
const UNAVAILABLE_STATES = /^(08|53|57|58|25006|25P0|55P03|40)/;

/** https://www.prisma.io/docs/orm/reference/error-reference: cannot reach, pool or transaction timed out, closed. */
const UNAVAILABLE_CODES = /^(P1\d{3}|P2024|P2028|P2034|P2037)$/;

const CONNECTION_ERRORS = /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EHOSTUNREACH)$/;

/** The SQLSTATE of a failed raw statement, `undefined` when the database never answered. */
export function sqlState(error: unknown): string | undefined {
  if (!(error instanceof Prisma.PrismaClientKnownRequestError)) return undefined;
  const cause = (error.meta as { driverAdapterError?: { cause?: { originalCode?: string } } } | undefined)
    ?.driverAdapterError?.cause;
  return cause?.originalCode ?? (error.code === 'P2002' ? sqlStates.uniqueViolation : undefined);
}

/** Whether the database could not be asked or was too busy, rather than having said no: try again. */
export function isUnavailable(error: unknown): boolean {
  const state = sqlState(error);
  if (state !== undefined) return UNAVAILABLE_STATES.test(state);
  if (error instanceof Prisma.PrismaClientInitializationError) return true;
  if (error instanceof Prisma.PrismaClientKnownRequestError) return UNAVAILABLE_CODES.test(error.code);
  return error instanceof Error && 'code' in error && CONNECTION_ERRORS.test(String(error.code));
}
