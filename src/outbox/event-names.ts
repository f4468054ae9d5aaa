/** How the events of one service are named on the wire. */
export interface EventNames {
  /** `ce_source`: with `ce_id` it names one event for ever (CloudEvents 1.0, 3.1). */
  readonly source: string;
  /** In front of each type of the registry: `ce_type` = prefix + type. */
  readonly typePrefix: string;
}

export const paysagaNames: EventNames = { source: '/paysaga', typePrefix: 'com.paysaga.' };
