import type { OrderResponse } from '../../../testing/shop';

/** What an order may be ordered as: what it buys, and how it is paid. */
export const kinds = {
  'a service by invoice': { product_sku: 'vps.s', amount: 9_900 },
  'goods by invoice': { product_sku: 'mug', amount: 1_500 },
  'the last one by invoice': { product_sku: 'last-one', amount: 5_000 },
  'unshippable by invoice': { product_sku: 'unshippable', amount: 2_500 },
  'a service by card': { product_sku: 'vps.m', amount: 19_900, payment_method: 'pm_ok' },
  'goods by card': { product_sku: 'mug', amount: 1_500, payment_method: 'pm_ok' },
  'goods by a card that times out': { product_sku: 'mug', amount: 1_500, payment_method: 'pm_timeout_then_ok' },
  'goods by a slow card': { product_sku: 'mug', amount: 1_500, payment_method: 'pm_slow' },
  'the last one by card': { product_sku: 'last-one', amount: 5_000, payment_method: 'pm_ok' },
  'unshippable by card': { product_sku: 'unshippable', amount: 2_500, payment_method: 'pm_ok' },
  'goods by a declined card': { product_sku: 'mug', amount: 1_500, payment_method: 'pm_declined' },
} as const satisfies Record<string, { product_sku: string; amount: number; payment_method?: string }>;

export type Kind = keyof typeof kinds;
export type Fate = OrderResponse['status'];

/** How a payment ended that was told of. */
export type PaymentEnd = 'paid' | 'compensated';

export interface ModelOrder {
  readonly kind: Kind;
  readonly view: OrderResponse;
  readonly byCard: boolean;
  /** Each status in which it may come to rest. */
  fates: ReadonlySet<Fate>;
  readonly payments: Map<string, PaymentEnd>;
}

/** What the shop promises, in as little as it takes: no rows, no sagas, no events. */
export function createShopModel(paymentTimeoutMs: number) {
  const orders: ModelOrder[] = [];
  /** Refusals that may still hit somebody: of a payment, and of a shipment. */
  const refusing = { payment: false, shipment: false };

  /** Where an order ends that is paid, or was charged for. */
  function delivered({ view, byCard }: Pick<ModelOrder, 'view' | 'byCard'>): Fate[] {
    const paidBack = byCard ? 'REFUNDED' : 'REFUND_DUE';
    const sent: Fate[] = refusing.shipment ? ['FULFILLED', paidBack] : ['FULFILLED'];
    switch (view.product_sku) {
      case 'unshippable':
        return [paidBack];
      case 'last-one':
        // Charged for only once it is reserved, or paid for and then not there.
        return [...sent, byCard ? 'CANCELLED' : paidBack];
      case 'mug':
        return sent;
      default:
        return ['FULFILLED'];
    }
  }

  return {
    orders,
    refusing,

    placed(kind: Kind, view: OrderResponse): void {
      const byCard = 'payment_method' in kinds[kind];
      const fates: Fate[] = !byCard
        ? ['PENDING_PAYMENT']
        : kind === 'goods by a declined card'
          ? ['CANCELLED']
          : [...delivered({ view, byCard }), ...(refusing.payment ? (['CANCELLED'] as const) : [])];
      orders.push({ kind, view, byCard, fates: new Set(fates), payments: new Map() });
    },

    /** From now on, one that is on its way may be refused; what has come to rest stays. */
    refuses(what: keyof typeof refusing): void {
      refusing[what] = true;
      for (const order of orders) {
        const { byCard, fates, view } = order;
        if (what === 'payment' && byCard) order.fates = new Set([...fates, 'CANCELLED']);
        if (what === 'shipment' && view.product_sku !== 'vps.s' && fates.has('FULFILLED')) {
          order.fates = new Set([...fates, ...delivered(order)]);
        }
      }
    },

    /** Whether nobody paid it for so long that the sweep may have come to it. */
    mayBeSwept: ({ view, byCard }: ModelOrder): boolean =>
      !byCard && Date.now() - Date.parse(view.placed_at) > paymentTimeoutMs,

    isPaid: ({ payments }: ModelOrder): boolean => [...payments.values()].includes('paid'),

    isCancelled: ({ fates }: ModelOrder): boolean => fates.size === 1 && fates.has('CANCELLED'),

    paid(order: ModelOrder, paymentId: string): void {
      order.payments.set(paymentId, 'paid');
      order.fates = new Set(delivered(order));
    },

    compensated(order: ModelOrder, paymentId: string): void {
      order.payments.set(paymentId, 'compensated');
    },

    cancelled(order: ModelOrder): void {
      order.fates = new Set<Fate>(['CANCELLED']);
    },
  };
}

export type ShopModel = ReturnType<typeof createShopModel>;
