import type { RoleGrants } from './platform/database/roles';

/** The database roles of the processes, one each. */
export type ProcessRole = 'paysaga_api' | 'paysaga_worker' | 'paysaga_consumer';

/**
 * The privileges of each process on each table, which are only what it needs. Append-only tables are never changed, and
 * nothing is truncated. Only the worker's retention, its short-lived rows, and acts of operators in the API need
 * DELETE. A row lock (`FOR UPDATE`, `FOR SHARE`) needs UPDATE.
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

/** The roles of the processes with all of their privileges. */
export const processGrants: RoleGrants<ProcessRole> = {
  roles: ['paysaga_api', 'paysaga_worker', 'paysaga_consumer'],
  tables,
  // The relay reads the last value of the sequence. Inserts need no right to it, because it is an identity column's.
  sequences: { outbox_id_seq: { paysaga_worker: 'SELECT' } },
  functions: {
    'outbox_pending_rows(smallint, bigint, integer, bigint[])': { paysaga_worker: 'EXECUTE' },
  },
};
