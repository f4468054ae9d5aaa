/** An event of a data version that this version of the service does not know: a later deploy reads it. */
export class NewerDataVersion extends Error {
  override readonly name = 'NewerDataVersion';
}
