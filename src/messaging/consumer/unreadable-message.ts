/** A message that no later attempt can read: it is set aside at once, with this reason. */
export class UnreadableMessage extends Error {
  override readonly name = 'UnreadableMessage';
  readonly code = 'unreadable_message';

  constructor(
    /** A sentence for people: what is wrong with the message. */
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(reason, options);
  }
}
