import { defineModule } from '../define-module';
import type { Catalogue } from './catalogue';
import {
  createInventoryRoutes,
  getProductHandler,
  listProductsHandler,
  previewProductHandler,
  putProductHandler,
} from './products';
import { productChanged } from '../domain/product';
import { createReserveInventory, releaseInventoryHandler } from './reservations';

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
