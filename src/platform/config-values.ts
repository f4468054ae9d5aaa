import { readFileSync } from 'node:fs';
import { msToNumber, type StringValue } from '@temporalio/common/lib/time';
import { z } from 'zod';
import { databaseUrlProblem } from './database/database-url';

/** The kinds of values of environment variables. */

/** A flag: `1` or `true`, `0` or `false`. */
export const flag = z.enum(['0', '1', 'true', 'false']).transform((text) => text === '1' || text === 'true');
/** A whole number within bounds, written as text. */
export const integer = (min: number, max: number) => z.coerce.number().pipe(z.int().min(min).max(max));
/** The URL of an HTTP service. */
export const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' });
/** Removes slashes at the end of a URL, so that paths can be appended. */
export const trimSlash = (url: string): string => url.replace(/\/+$/, '');
/** Items separated by commas. */
export const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean),
);

/** Items such as `name=url`, separated by commas, in their order. */
export const namedUrls = list.transform((items, context) =>
  items.map((item) => {
    const [, name = '', url = ''] = /^([a-z][a-z0-9_-]{0,31})=(.+)$/.exec(item) ?? [];
    if (httpUrl.safeParse(url).success) return { name, url: trimSlash(url) };
    context.addIssue({ code: 'custom', message: 'must be name=http://…, several with commas' });
    return z.NEVER;
  }),
);

/** The URL of a PostgreSQL database. A parameter that would be ignored is an error. */
export const databaseUrl = z
  .url({ protocol: /^postgres(ql)?$/, error: 'must be a postgresql:// URL', abort: true })
  .check(({ value, issues }) => {
    const message = databaseUrlProblem(value);
    if (message !== undefined) issues.push({ code: 'custom', message, input: value });
  });

/** The path of a PEM file. The result is the file's content. */
export const pemFile = z.string().transform((path, context) => {
  try {
    const pem = readFileSync(path, 'utf8');
    if (pem.includes('-----BEGIN ')) return pem;
    context.addIssue({ code: 'custom', message: `names ${path}, which is no PEM file` });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    context.addIssue({ code: 'custom', message: `names ${path}, which cannot be read (${code})` });
  }
  return z.NEVER;
});

/** Whether a secret has the form of Standard Webhooks (https://www.standardwebhooks.com): `whsec_` and base64. */
export function isWebhookSecret(secret: string): boolean {
  const [, base64 = ''] = /^whsec_(.+)$/.exec(secret) ?? [];
  const bytes = Buffer.from(base64, 'base64');
  return bytes.length >= 24 && bytes.toString('base64') === base64;
}

/** A duration in ms, with its text as written. */
export interface Duration {
  readonly text: string;
  readonly ms: number;
}

/**
 * A duration such as `30 days`, `1.5h` or `90s`, or a number of ms, within bounds. Temporal reads durations the same
 * way.
 */
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
