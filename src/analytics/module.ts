import { defineModule } from '../define-module';
import { getSalesHandler } from './get-sales';
import { recordSaleHandler } from './record-sale';
import { createAnalyticsRoutes } from './routes';
import { salesConsumer } from './sales-consumer';

export const analyticsModule = defineModule({
  handlers: () => [recordSaleHandler, getSalesHandler],
  consumers: [salesConsumer],
  routes: [createAnalyticsRoutes],
});
