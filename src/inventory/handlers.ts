import type { Handler } from '../mediator/handler';
import type { Database } from '../platform/database/database';
import { createGetProduct, getProduct } from './get-product';
import { createListProducts, listProducts } from './list-products';
import { createPreviewProduct, previewProduct, putProduct, putProductHandler } from './put-product';

/** The commands and queries about the catalogue. */
export const productMessages = [listProducts, getProduct, previewProduct, putProduct];

export const createProductHandlers = (database: Database): Handler[] => [
  createListProducts(database),
  createGetProduct(database),
  createPreviewProduct(database),
  putProductHandler,
];
