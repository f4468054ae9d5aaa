import type { Lease } from './relay.sql';

/** Another relay took these lanes; whatever this one still has in hand is that one's to send. */
export class FencedOff extends Error {
  override readonly name = 'FencedOff';

  constructor(readonly lanes: readonly number[]) {
    super(`Another relay owns lanes ${lanes.join(', ')} now.`);
  }
}

/** @throws FencedOff naming the lanes that are not among the owned ones */
export function requireAll(leases: readonly Lease[], owned: ReadonlySet<number>): void {
  const lost = leases.map(({ lane }) => lane).filter((lane) => !owned.has(lane));
  if (lost.length > 0) throw new FencedOff(lost);
}
