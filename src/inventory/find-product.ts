import type { Message } from '../mediator/message';
import { Refusal } from '../platform/refusal';
import { getProduct } from './get-product';
import type { ProductResponse } from './product';

/** Reads a product; `undefined` if there is none. @param send sends messages as any role */
export const findProduct = (
  send: <Result>(message: Message<Result>) => Promise<Result>,
  sku: string,
): Promise<ProductResponse | undefined> =>
  send(getProduct({ sku })).catch((error: unknown) => {
    if (error instanceof Refusal && error.code === 'product_not_found') return undefined;
    throw error;
  });
