import { checkAggregates } from './rules/aggregates';
import { checkCharges } from './rules/charges';
import { checkEffects } from './rules/effects';
import { checkLedger } from './rules/ledger';
import { checkPayments } from './rules/payments';
import { checkShipments } from './rules/shipments';
import { checkTopics } from './rules/topics';
import type { Snapshot } from './snapshot';

/** Every promise that the snapshot breaks, a sentence each. Pure; for a system that has come to rest. */
export function findViolations(snapshot: Snapshot): string[] {
  return [
    ...checkLedger(snapshot),
    ...checkAggregates(snapshot),
    ...checkPayments(snapshot),
    ...checkCharges(snapshot),
    ...checkShipments(snapshot),
    ...checkTopics(snapshot),
    ...checkEffects(snapshot),
  ];
}
