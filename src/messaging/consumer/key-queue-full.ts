/** As many letters as may wait have queued behind the first one of a key: its partition waits until they are fewer. */
export class KeyQueueFull extends Error {
  override readonly name = 'KeyQueueFull';
}
