import { z } from '@hono/zod-openapi';
import { instant, opaqueId, reason, text, version } from '../../platform/schemas';

/** A range of the event log: the events that match every given criterion. */
export const replayRange = z.strictObject({
  aggregate_ids: z.array(opaqueId).min(1).max(1_000).optional(),
  types: z.array(text(100)).min(1).max(100).optional(),
  /** Bounds of `occurred_at`, inclusive. `to` defaults to now. */
  from: instant.optional(),
  to: instant.optional(),
  /** Inclusive. */
  versions: z
    .strictObject({ from: version.optional(), to: version.optional() })
    .refine(({ from, to }) => from !== undefined || to !== undefined, 'takes from, to, or both')
    .openapi({ minProperties: 1 })
    .optional(),
});

/** The range as JSON. */
export type ReplayRange = z.infer<typeof replayRange>;

const CRITERIA = ['aggregate_ids', 'types', 'from', 'to', 'versions'] as const;
const isChosen = (range: ReplayRange): boolean => CRITERIA.some((name) => range[name] !== undefined);
const notChosen = { error: `takes at least one of ${CRITERIA.join(', ')}; for the whole log say since when (from)` };

/** A range with at least one criterion. */
export const chosenRange = replayRange.refine(isChosen, notChosen);
/** The input of the command that orders a replay. */
export const replayOrder = replayRange.extend({ reason }).refine(isChosen, notChosen);
/** The body of the route that orders a replay. */
export const replayRequest = replayRange
  .extend({ reason, dry_run: z.boolean().default(false) })
  .refine(isChosen, notChosen)
  .openapi('ReplayRequest', { anyOf: CRITERIA.map((name) => ({ required: [name] })) });

/** The scope of a replay. */
export const replayScope = z
  .object({
    events: z.int(),
    /** Aggregates, whose ids are the keys of the messages. */
    keys: z.int(),
    topics: z.array(z.object({ topic: z.string(), events: z.int() })),
    consumer_groups: z.array(
      z.object({
        group: z.string(),
        /** On its topics. */
        events: z.int(),
        already_applied: z
          .int()
          .openapi({ description: 'Events in its inbox, which it ignores. It applies the others now.' }),
      }),
    ),
  })
  .openapi('ReplayScope');

/** The scope as JSON. */
export type ReplayScope = z.infer<typeof replayScope>;
