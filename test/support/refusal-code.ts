import { Refusal } from '../../src/platform/refusal';

/** The code with which the act is refused; `undefined` when it is not. Any other error is thrown on. */
export function refusalCode(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
}

/** The same of something that takes time; `accepted` when it is not refused. */
export const codeOf = (act: Promise<unknown>): Promise<string> =>
  act.then(
    () => 'accepted',
    (error: unknown) => {
      if (error instanceof Refusal) return error.code;
      throw error;
    },
  );
