/** The time as RFC 3339 in UTC, to the millisecond. Never used to order anything. */
export type Clock = () => string;

let source = (): number => Date.now();

/** Milliseconds since 1970, by the clock of this process, or by the one it follows. */
export const nowMs = (): number => source();

/** The clock that {@link nowMs} reads. */
export const systemClock: Clock = () => new Date(nowMs()).toISOString();

/** Makes the whole process read another clock. */
export function followClock(other: () => number): void {
  source = other;
}
