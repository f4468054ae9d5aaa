/** The metadata field with an intent's idempotency key. Renaming it hides existing charges. */
export const KEY = 'paysaga_key';
