/** Where the metadata of an intent names its idempotency key. Renaming it hides the charges that have it. */
export const KEY = 'paysaga_key';
