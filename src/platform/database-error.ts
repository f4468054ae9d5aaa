import { Prisma } from './prisma/client';

/** The SQLSTATEs the code decides by (https://www.postgresql.org/docs/18/errcodes-appendix.html). */
export const sqlStates = {
  uniqueViolation: '23505',
  lockNotAvailable: '55P03',
} as const;

/** The SQLSTATE of a failed raw statement, `undefined` when the database never answered. */
export function sqlState(error: unknown): string | undefined {
  if (!(error instanceof Prisma.PrismaClientKnownRequestError)) return undefined;
  const cause = (error.meta as { driverAdapterError?: { cause?: { originalCode?: string } } } | undefined)
    ?.driverAdapterError?.cause;
  return cause?.originalCode ?? (error.code === 'P2002' ? sqlStates.uniqueViolation : undefined);
}
