import type { Context } from 'hono';
import type { z } from 'zod';
import { Refused } from './refused';

/** @throws Refused `validation_failed` */
export async function readBody<T>(c: Context, schema: z.ZodType<T>): Promise<T> {
  const parsed = schema.safeParse(await c.req.json().catch(() => undefined));
  if (parsed.success) return parsed.data;
  throw new Refused(422, 'validation_failed');
}
