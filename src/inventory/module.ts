import { defineModule } from '../define-module';
import type { Catalogue } from './catalogue';
import { getProductHandler } from './get-product';
import { listProductsHandler } from './list-products';
import { productChanged } from './product';
import { previewProductHandler, putProductHandler } from './put-product';
import { releaseInventoryHandler } from './release-inventory';
import { createReserveInventory } from './reserve-inventory';
import { createInventoryRoutes } from './routes';

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
  routes: [createInventoryRoutes],
});
