import { defineModule } from '../define-module';
import { createAnalyticsRoutes, getSalesHandler, recordSaleHandler, salesConsumer } from './sales';

/** The module of analytics. */
export const analyticsModule = defineModule({
  handlers: () => [recordSaleHandler, getSalesHandler],
  consumers: [salesConsumer],
  routes: [createAnalyticsRoutes],
});
