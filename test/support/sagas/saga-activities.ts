import type { Activities } from '../../../activities';
import { createFakeActivities, type FakeActivities } from '../../../workflows/saga/testing';

export type FakeSagaActivities = FakeActivities<Activities>;

/** The activities of the product's sagas without anything behind them. */
export const createSagaFakes = ({ settled = false } = {}): FakeSagaActivities =>
  createFakeActivities<Activities>({
    closeInvoice: { capture_ref: 'cap_1' },
    reopenInvoice: undefined,
    creditBalance: { balance_tx_id: 'ltx_1' },
    reverseCredit: undefined,
    settlePayment: undefined,
    confirmSettlement: settled,
    reserveInventory: undefined,
    releaseInventory: undefined,
    charge: { charge_ref: 'ch_1' },
    chargeElsewhere: { charge_ref: 'ch_2' },
    refundCharge: undefined,
    allocateGoods: undefined,
    releaseGoods: undefined,
    bookCarrier: { booking_ref: 'bkg_1' },
    cancelBooking: undefined,
    dispatchGoods: undefined,
    confirmDispatch: settled,
    reversePaymentCredit: undefined,
    refundPayment: undefined,
  });
