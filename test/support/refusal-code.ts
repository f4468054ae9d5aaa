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
