import { z } from '@hono/zod-openapi';
import { instant, opaqueId, reason, text, version } from '../../platform/schemas';

/** Which events of the log: all that fit every criterion that is given. */
export const replayRange = z.strictObject({
  aggregate_ids: z.array(opaqueId).min(1).max(1_000).optional(),
  types: z.array(text(100)).min(1).max(100).optional(),
  /** Of `occurred_at`, inclusive; up to now unless told. */
  from: instant.optional(),
  to: instant.optional(),
  /** Inclusive. */
  versions: z
    .strictObject({ from: version.optional(), to: version.optional() })
    .refine(({ from, to }) => from !== undefined || to !== undefined, 'takes from, to, or both')
    .openapi({ minProperties: 1 })
    .optional(),
});

export type ReplayRange = z.infer<typeof replayRange>;

const CRITERIA = ['aggregate_ids', 'types', 'from', 'to', 'versions'] as const;
const isChosen = (range: ReplayRange): boolean => CRITERIA.some((name) => range[name] !== undefined);
const notChosen = { error: `takes at least one of ${CRITERIA.join(', ')}; for the whole log say since when (from)` };

export const chosenRange = replayRange.refine(isChosen, notChosen);
export const replayOrder = replayRange.extend({ reason }).refine(isChosen, notChosen);
export const replayRequest = replayRange
  .extend({ reason, dry_run: z.boolean().default(false) })
  .refine(isChosen, notChosen)
  .openapi('ReplayRequest', { anyOf: CRITERIA.map((name) => ({ required: [name] })) });

/** What a replay touches. */
export const replayScope = z
  .object({
    events: z.int(),
    /** Aggregates, which are the messages' keys. */
    keys: z.int(),
    topics: z.array(z.object({ topic: z.string(), events: z.int() })),
    consumer_groups: z.array(
      z.object({
        group: z.string(),
        /** On its topics. */
        events: z.int(),
        already_applied: z.int().openapi({ description: 'In its inbox: it ignores them. The rest it applies now.' }),
      }),
    ),
  })
  .openapi('ReplayScope');

export type ReplayScope = z.infer<typeof replayScope>;
