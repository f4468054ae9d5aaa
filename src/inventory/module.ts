import { defineModule } from '../define-module';
import { productChanged } from '../domain/product';
import type { Catalogue } from './catalogue';
import { createGetProductRoute, createListProductsRoute, getProductHandler, listProductsHandler } from './products';
import { createPutProductRoute, previewProductHandler, putProductHandler } from './put-product';
import { createReserveInventory, releaseInventoryHandler } from './reservations';

/** The module of inventory. */
export const inventoryModule = defineModule({
  events: [productChanged],
  handlers: ({ catalogue }: { readonly catalogue: Catalogue }) => [
    listProductsHandler,
    getProductHandler,
    previewProductHandler,
    putProductHandler,
    createReserveInventory(catalogue),
    releaseInventoryHandler,
  ],
  routes: [createListProductsRoute, createGetProductRoute, createPutProductRoute],
});
