import type { Lease } from './relay.sql';

/** Another relay has taken these shards. It also sends what this relay still has in hand. */
export class FencedOff extends Error {
  override readonly name = 'FencedOff';

  constructor(readonly shards: readonly number[]) {
    super(`Another relay owns shards ${shards.join(', ')} now.`);
  }
}

/**
 * Checks that every lease still holds.
 *
 * @throws FencedOff with the shards that are not owned any more
 */
export function requireAll(leases: readonly Lease[], owned: ReadonlySet<number>): void {
  const lost = leases.map(({ shard }) => shard).filter((shard) => !owned.has(shard));
  if (lost.length > 0) throw new FencedOff(lost);
}
