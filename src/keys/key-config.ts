import type { z } from 'zod';
import { duration } from '../platform/timing';

const DAY_MS = 86_400_000;
/** How long a rotated key works on, where nothing else is set. */
export const ROTATION_GRACE_MS = DAY_MS;

/** The variables of API keys. */
export const keyVariables = {
  KEY_ROTATION_GRACE: duration(0, 365 * DAY_MS)
    .default({ text: '24 hours', ms: ROTATION_GRACE_MS })
    .describe('How long a key works on after it was rotated.'),
};

/** API keys, as their part of the configuration. */
export const keyConfig = (env: z.infer<z.ZodObject<typeof keyVariables>>) => ({
  rotationGraceMs: env.KEY_ROTATION_GRACE.ms,
});

export type KeyConfig = ReturnType<typeof keyConfig>;
