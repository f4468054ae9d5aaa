import { msToNumber, type StringValue } from '@temporalio/common/lib/time';
import { z } from 'zod';

/** A length of time, in ms, and as it was written. */
export interface Duration {
  readonly text: string;
  readonly ms: number;
}

/** `30 days`, `1.5h`, `90s`, or a number of ms, as Temporal reads durations; kept as it was said, too. */
export const duration = (minMs: number, maxMs: number) =>
  z.string().transform((text, context): Duration => {
    const ms = parseDuration(text);
    if (ms >= minMs && ms <= maxMs) return { text, ms };
    const message = `must be a duration such as \`30 days\` or \`90s\`, from ${minMs} to ${maxMs} ms`;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });

function parseDuration(text: string): number {
  try {
    return Math.round(msToNumber(text as StringValue));
  } catch {
    return Number.NaN;
  }
}
