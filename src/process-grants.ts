import type { RoleGrants } from './platform/database/roles';

/** The processes that have a role of their own; `paysaga_api` and so on. */
export type ProcessRole = 'paysaga_api' | 'paysaga_worker' | 'paysaga_consumer';

/**
 * What each process may do with each table: what it needs, and no more. Append-only tables are never changed, nothing is
 * truncated, and only the worker's retention and its own short-lived rows need DELETE, beside the operators' acts of the
 * API. A lock of a row (`FOR UPDATE`, `FOR SHARE`) needs UPDATE.
 */
const tables = {
  _prisma_migrations: { paysaga_api: 'SELECT', paysaga_worker: 'SELECT', paysaga_consumer: 'SELECT' },
  api_key: { paysaga_api: 'SELECT, INSERT, UPDATE' },
  audit_log: { paysaga_api: 'SELECT, INSERT', paysaga_worker: 'SELECT, INSERT' },
  circuit_breaker: { paysaga_api: 'SELECT', paysaga_worker: 'SELECT, INSERT, UPDATE, DELETE' },
  dead_letter: {
    paysaga_api: 'SELECT, UPDATE',
    paysaga_worker: 'SELECT, UPDATE, DELETE',
    paysaga_consumer: 'SELECT, INSERT, UPDATE, DELETE',
  },
  event: { paysaga_api: 'SELECT, INSERT', paysaga_worker: 'SELECT, INSERT', paysaga_consumer: 'SELECT, INSERT' },
  fault: {
    paysaga_api: 'SELECT, INSERT, UPDATE, DELETE',
    paysaga_worker: 'SELECT, UPDATE',
    paysaga_consumer: 'SELECT, UPDATE',
  },
  idempotency_key: {
    paysaga_api: 'SELECT, INSERT, UPDATE',
    paysaga_worker: 'SELECT, INSERT, UPDATE, DELETE',
    paysaga_consumer: 'SELECT, INSERT, UPDATE',
  },
  inventory_reservation: { paysaga_worker: 'SELECT, INSERT, UPDATE' },
  invoice: { paysaga_api: 'SELECT, INSERT, UPDATE', paysaga_worker: 'SELECT, UPDATE' },
  ledger_entry: { paysaga_api: 'SELECT', paysaga_worker: 'SELECT, INSERT' },
  ledger_transaction: { paysaga_worker: 'SELECT, INSERT' },
  orders: {
    paysaga_api: 'SELECT, INSERT, UPDATE',
    paysaga_worker: 'SELECT, UPDATE',
    paysaga_consumer: 'SELECT, UPDATE',
  },
  outbox: {
    paysaga_api: 'SELECT, INSERT, UPDATE, DELETE',
    paysaga_worker: 'SELECT, INSERT, UPDATE, DELETE',
    paysaga_consumer: 'SELECT, INSERT',
  },
  outbox_replay: { paysaga_api: 'SELECT, INSERT', paysaga_worker: 'SELECT, UPDATE' },
  outbox_shard: { paysaga_api: 'SELECT', paysaga_worker: 'SELECT, UPDATE' },
  payment: {
    paysaga_api: 'SELECT, INSERT, UPDATE',
    paysaga_worker: 'SELECT, INSERT, UPDATE',
    paysaga_consumer: 'SELECT',
  },
  product: { paysaga_api: 'SELECT, INSERT, UPDATE', paysaga_worker: 'SELECT, UPDATE', paysaga_consumer: 'SELECT' },
  provider_charge: { paysaga_api: 'SELECT', paysaga_worker: 'SELECT, INSERT, UPDATE' },
  reconciliation_charge: { paysaga_worker: 'SELECT, INSERT, UPDATE, DELETE' },
  reconciliation_difference: { paysaga_api: 'SELECT', paysaga_worker: 'SELECT, INSERT, UPDATE, DELETE' },
  reconciliation_run: { paysaga_api: 'SELECT', paysaga_worker: 'SELECT, INSERT, UPDATE, DELETE' },
  relay_worker: { paysaga_worker: 'SELECT, INSERT, UPDATE, DELETE' },
  saga: { paysaga_api: 'SELECT, INSERT', paysaga_worker: 'SELECT, UPDATE', paysaga_consumer: 'SELECT, INSERT' },
  saga_step: { paysaga_api: 'SELECT', paysaga_worker: 'SELECT, INSERT, UPDATE' },
  sales_daily: { paysaga_api: 'SELECT', paysaga_consumer: 'SELECT, INSERT, UPDATE' },
  stalled_consumer: { paysaga_api: 'SELECT', paysaga_consumer: 'SELECT, INSERT, UPDATE, DELETE' },
  service_provisioning: { paysaga_consumer: 'SELECT, INSERT' },
  shipment: { paysaga_worker: 'SELECT, UPDATE', paysaga_consumer: 'SELECT, INSERT' },
} as const satisfies RoleGrants<ProcessRole>['tables'];

export const processGrants: RoleGrants<ProcessRole> = {
  roles: ['paysaga_api', 'paysaga_worker', 'paysaga_consumer'],
  tables,
  // The relay reads how far the ids have come. To draw one needs no right: it is an identity column.
  sequences: { outbox_id_seq: { paysaga_worker: 'SELECT' } },
  functions: {
    'outbox_pending_rows(smallint, bigint, integer, bigint[])': { paysaga_worker: 'EXECUTE' },
  },
};
