/** The names of one service's events on the wire. */
export interface EventNames {
  /** `ce_source`. With `ce_id` it identifies one event (CloudEvents 1.0, 3.1). */
  readonly source: string;
  /** Prefix of `ce_type`, before the registry's type. */
  readonly typePrefix: string;
}

/** The names of paysaga's own events. */
export const paysagaNames: EventNames = { source: '/paysaga', typePrefix: 'com.paysaga.' };
