/** An event has a newer data version than this release knows. A later release reads it. */
export class NewerDataVersion extends Error {
  override readonly name = 'NewerDataVersion';
}
