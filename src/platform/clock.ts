/** The time as RFC 3339 in UTC, to the millisecond. Never used to order anything. */
export type Clock = () => string;

export const systemClock: Clock = () => new Date().toISOString();
