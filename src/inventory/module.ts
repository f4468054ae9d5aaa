import { defineModule } from '../define-module';
import { productChanged } from '../domain/product';
import type { Catalogue } from './catalogue';
import {
  createInventoryRoutes,
  getProductHandler,
  listProductsHandler,
  previewProductHandler,
  putProductHandler,
} from './products';
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
