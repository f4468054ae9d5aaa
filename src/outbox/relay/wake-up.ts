import { wait } from '../../platform/wait';

/**
 * How an idle relay waits for work. A hint may come from anywhere and be lost: the relay looks after
 * `ms` in any case. One that comes while the relay works must end its next wait at once.
 */
export interface WakeUp {
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

/** No hints: the relay finds new rows by its poll alone. */
export const pollOnly: WakeUp = { wait };
