import { defineModule } from '../define-module';
import { createAnalyticsRoutes, getSalesHandler, recordSaleHandler, salesConsumer } from './sales';

export const analyticsModule = defineModule({
  handlers: () => [recordSaleHandler, getSalesHandler],
  consumers: [salesConsumer],
  routes: [createAnalyticsRoutes],
});
