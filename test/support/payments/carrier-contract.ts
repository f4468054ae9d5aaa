import { v7 as uuidv7 } from 'uuid';
import type { BookingRequest, Carrier } from '../../../src/fulfilment/carrier';

export interface CarrierUnderTest {
  readonly carrier: Carrier;
  /** Products that it carries, and not. */
  readonly products: Readonly<Record<'carried' | 'refused', string>>;
  /** How many bookings stand under these keys. */
  standing(keys: readonly string[]): Promise<number>;
}

/** A booking under a key of its own. */
export function bookingRequest(product_sku: string): BookingRequest {
  const id = uuidv7();
  return {
    key: `shipment-${id}/book_carrier`,
    shipment_id: `shp_${id}`,
    order_id: `ord_${id}`,
    product_sku,
    quantity: 1,
  };
}

/** What every adapter of the port `Carrier` has to keep. Call it in a `describe`. */
export function keepsCarrierContract(underTest: () => CarrierUnderTest): void {
  const request = (product: 'carried' | 'refused' = 'carried') => bookingRequest(underTest().products[product]);

  it('books once, however often the key asks, also at once', async () => {
    const { carrier, standing } = underTest();
    const asked = request();
    const booking = await carrier.book(asked);
    const again = await Promise.all(Array.from({ length: 5 }, () => carrier.book(asked)));
    expect(again).toEqual(Array.from({ length: 5 }, () => booking));
    expect(await standing([asked.key])).toBe(1);
  });

  it('refuses what it does not carry', async () => {
    const { carrier, standing } = underTest();
    const asked = request('refused');
    await expect(carrier.book(asked)).rejects.toMatchObject({ name: 'Refusal', code: 'shipment_refused' });
    expect(await standing([asked.key])).toBe(0);
  });

  it('cancels what it booked, and again without harm', async () => {
    const { carrier, standing } = underTest();
    const asked = request();
    await carrier.book(asked);
    await carrier.cancel(asked);
    await carrier.cancel(asked);
    expect(await standing([asked.key])).toBe(0);
    await expect(carrier.book(asked)).rejects.toMatchObject({ name: 'Refusal', code: 'booking_cancelled' });
  });

  it('books nothing after a cancel of what it had never booked', async () => {
    const { carrier, standing } = underTest();
    const asked = request();
    await carrier.cancel(asked);
    await expect(carrier.book(asked)).rejects.toMatchObject({ name: 'Refusal', code: 'booking_cancelled' });
    expect(await standing([asked.key])).toBe(0);
  });
}
