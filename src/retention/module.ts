import { defineModule } from '../define-module';
import { deleteExpiredHandler } from './retention';

export const retentionModule = defineModule({ handlers: () => [deleteExpiredHandler] });
