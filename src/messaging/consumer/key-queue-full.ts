/** The queue of a key is full. Its partition waits until an operator has closed letters of it. */
export class KeyQueueFull extends Error {
  override readonly name = 'KeyQueueFull';
}
