/** No attempt can read the message. It becomes a dead letter at once, with this reason. */
export class UnreadableMessage extends Error {
  override readonly name = 'UnreadableMessage';
  readonly code = 'unreadable_message';

  constructor(
    /** What is wrong with the message, as a sentence for people. */
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(reason, options);
  }
}
