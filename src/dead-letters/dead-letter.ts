import { z } from '@hono/zod-openapi';
import { Refusal } from '../platform/refusal';
import { opaqueId, reason, text, timestamp } from '../platform/schemas';

const asBytes = z.object({ base64: z.string() });

/** The states of an open letter. */
export const openState = z.enum(['retrying', 'queued', 'dead']);
/** All states of a letter. */
export const deadLetterState = z.enum([...openState.options, 'replayed', 'discarded']);
/** The state of a letter. */
export type DeadLetterState = z.infer<typeof deadLetterState>;

/** A consumed message that could not be applied, as operators see it. */
export const deadLetterView = z
  .object({
    id: z.string().openapi({ example: '4711' }),
    group: z.string().openapi({ example: 'sales-projection' }),
    topic: z.string().openapi({ example: 'paysaga.order' }),
    partition: z.int(),
    offset: z.string().openapi({ example: '42' }),
    key: z.string(),
    headers: z.record(z.string(), z.string()),
    value: z
      .union([z.string(), asBytes])
      .nullable()
      .openapi({ description: 'Text if it is UTF-8, otherwise base64. A list has the first 64 KiB.' }),
    reason: z.string().openapi({ description: 'The reason of the last failure.' }),
    state: deadLetterState,
    attempts: z.int().openapi({ description: 'Attempts so far, including the first.' }),
    due_at: timestamp.nullable().openapi({ description: 'The time of the next attempt; null without one.' }),
    created_at: timestamp,
    behind: z.int().openapi({ description: 'Later messages of its key that wait behind it; counted up to 10,000.' }),
  })
  .openapi('DeadLetter');

/** The letter as JSON. */
export type DeadLetterView = z.infer<typeof deadLetterView>;

/** Any text that Postgres can store, because other systems choose the keys. */
const messageKey = z
  .string()
  .max(1_000)
  .refine((value) => value.isWellFormed() && !value.includes('\0'), 'must be text that can be stored')
  .openapi({ pattern: '^[^\\u0000]*$' });

/** The criteria of a filter. */
export const letterFilter = {
  group: text(255).optional(),
  topic: text(255).optional(),
  key: messageKey.optional(),
};

/** The filter of an act on many letters. */
export const openFilter = z.strictObject({ ...letterFilter, state: openState.optional() }).openapi('DeadLetterFilter');
/** The filter as JSON. */
export type OpenFilter = z.infer<typeof openFilter>;

/** The body of an act on one letter. */
export const letterAct = z.strictObject({ reason }).openapi('DeadLetterAct');
/** The input of a command on one letter. */
export const actOnLetter = letterAct.extend({ id: opaqueId });

/** Whether an id can be that of a letter. Ids are opaque to clients, so any other id is not found. */
export const isLetterId = (id: string): boolean => /^[1-9]\d{0,17}$/.test(id);

/** Refuses an id without a letter. */
export const letterNotFound = (id: string): Refusal =>
  new Refusal('dead_letter_not_found', `There is no dead letter ${id}: it was applied, has expired, or did not exist.`);

/** Refuses an act on a closed letter. */
export const letterClosed = (id: string, state: string): Refusal =>
  new Refusal('dead_letter_closed', `Dead letter ${id} is ${state}: nothing is left to do with it.`);

/** Refuses the replay of a letter that waits behind an earlier one. */
export const notFirstOfKey = (id: string): Refusal =>
  new Refusal(
    'not_first_of_key',
    `Dead letter ${id} waits behind an earlier one of its key: replay or discard that one first.`,
  );

/** Returns text if the bytes are UTF-8, otherwise base64. A character that a cut has split is left out. */
export function textOrBase64(bytes: Uint8Array, isCut = false): string | { base64: string } {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes, { stream: isCut });
  } catch {
    return { base64: Buffer.from(bytes).toString('base64') };
  }
}
