import { Problem } from './problem';

type Results<T extends readonly unknown[]> = Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }>;

/**
 * As `Promise.all`, but the first failure ends the others early and they are waited for, so that nothing
 * goes on behind the back of whoever cleans up.
 * @throws Problem with every sentence that was said, when all failures are such; else the first failure
 */
export async function allOrNone<const T extends readonly Promise<unknown>[]>(
  work: T,
  abort: AbortController,
): Results<T> {
  const failures: unknown[] = [];
  const watched = work.map((promise) =>
    promise.catch((error: unknown) => {
      if (!isAbort(error)) failures.push(error);
      abort.abort();
    }),
  );
  await Promise.all(watched);
  const problems = failures.filter((failure) => failure instanceof Problem);
  if (problems.length > 1) throw new Problem(problems.map(({ message }) => message).join('\n'));
  if (failures.length > 0) throw failures[0];
  return (await Promise.all(work)) as Awaited<Results<T>>;
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
