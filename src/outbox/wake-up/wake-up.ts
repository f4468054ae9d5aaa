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

/** Tells of lanes that have new rows, after their commit. Never fails: a hint may be lost. */
export interface Notifier {
  appended(lanes: Iterable<number>): void;
}

/** For processes whose rows may wait for the next poll. */
export const noNotifier: Notifier = { appended: () => undefined };

/** Postgres's channel; a notification's payload is the lanes: `3,7`. */
export const CHANNEL = 'paysaga_outbox';
export const toPayload = (lanes: Iterable<number>): string => [...lanes].join(',');
export const fromPayload = (payload: string): number[] => payload.split(',').map(Number);
