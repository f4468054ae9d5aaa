import { z } from '@hono/zod-openapi';
import { Refusal } from '../../platform/refusal';
import { opaqueId, reason, text, timestamp } from '../../platform/schemas';

const asBytes = z.object({ base64: z.string() });

export const openState = z.enum(['retrying', 'queued', 'dead']);
export const deadLetterState = z.enum([...openState.options, 'replayed', 'discarded']);
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
      .openapi({ description: 'Text where it is UTF-8, else base64. A list has its first 64 KiB.' }),
    reason: z.string().openapi({ description: 'Of the last failure.' }),
    state: deadLetterState,
    attempts: z.int().openapi({ description: 'So far, the first one included.' }),
    due_at: timestamp.nullable().openapi({ description: 'The next attempt; null when there is none.' }),
    created_at: timestamp,
    behind: z.int().openapi({ description: 'Later messages of its key that wait; counted up to 10,000.' }),
  })
  .openapi('DeadLetter');

export type DeadLetterView = z.infer<typeof deadLetterView>;

/** Any text that can be stored: a key is another system's. */
const messageKey = z
  .string()
  .max(1_000)
  .refine((value) => value.isWellFormed() && !value.includes('\0'), 'must be text that can be stored')
  .openapi({ pattern: '^[^\\u0000]*$' });

export const letterFilter = {
  group: text(255).optional(),
  topic: text(255).optional(),
  key: messageKey.optional(),
};

/** Which letters an act on many is about. */
export const openFilter = z.strictObject({ ...letterFilter, state: openState.optional() }).openapi('DeadLetterFilter');
export type OpenFilter = z.infer<typeof openFilter>;

/** What an act on one letter takes. */
export const letterAct = z.strictObject({ reason }).openapi('DeadLetterAct');
export const actOnLetter = letterAct.extend({ id: opaqueId });

/** Ids are opaque to clients: one that cannot be ours is unknown like any other. */
export const isLetterId = (id: string): boolean => /^[1-9]\d{0,17}$/.test(id);

export const letterNotFound = (id: string): Refusal =>
  new Refusal('dead_letter_not_found', `There is no dead letter ${id}: it was applied, has expired, or never was.`);

export const letterClosed = (id: string, state: string): Refusal =>
  new Refusal('dead_letter_closed', `Dead letter ${id} is ${state}: nothing is left to do with it.`);

export const notFirstOfKey = (id: string): Refusal =>
  new Refusal(
    'not_first_of_key',
    `Dead letter ${id} waits behind an earlier one of its key: replay or discard that one first.`,
  );

/** Text where the bytes are UTF-8. A character that a cut has split is left out. */
export function textOrBase64(bytes: Uint8Array, isCut = false): string | { base64: string } {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes, { stream: isCut });
  } catch {
    return { base64: Buffer.from(bytes).toString('base64') };
  }
}
