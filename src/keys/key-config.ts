import type { z } from 'zod';
import { duration } from '../platform/config-values';

const DAY_MS = 86_400_000;
/** The default of `KEY_ROTATION_GRACE`, in milliseconds. */
export const ROTATION_GRACE_MS = DAY_MS;

/** The variables of API keys. */
export const keyVariables = {
  KEY_ROTATION_GRACE: duration(0, 365 * DAY_MS)
    .default({ text: '24 hours', ms: ROTATION_GRACE_MS })
    .describe('How long a key still works after its rotation.'),
};

/** Makes the configuration of API keys. */
export const keyConfig = (env: z.infer<z.ZodObject<typeof keyVariables>>) => ({
  rotationGraceMs: env.KEY_ROTATION_GRACE.ms,
});

/** The configuration of API keys. */
export type KeyConfig = ReturnType<typeof keyConfig>;
